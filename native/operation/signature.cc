#include "operation/signature.h"

#include "memory/wipe.h"
#include "random/random.h"

namespace skissm {
namespace {

Status ResultOf(int result) {
  if (TakeRandomExhausted()) return Status::kRandomExhausted;
  return result == 0 ? Status::kOk : Status::kCryptoFailed;
}

/// Zeroes the tail that a short signature leaves, or everything after a failure.
Status Ended(Status status, MutableBytes signature, size_t* signature_length) {
  if (status != Status::kOk) *signature_length = 0;
  Wipe(signature.subspan(*signature_length));
  return status;
}

bool HasPossibleLength(const SignatureScheme& scheme, Bytes signature) {
  if (scheme.fixed_length) return signature.size() == scheme.signature_length;
  return !signature.empty() && signature.size() <= scheme.signature_length;
}

}  // namespace

Status SignatureGenerateKeyPair(const SignatureScheme& scheme, MutableBytes public_key, MutableBytes private_key) {
  const Status status = ResultOf(scheme.generate(public_key.data(), private_key.data()));
  if (status != Status::kOk) {
    Wipe(public_key);
    Wipe(private_key);
  }
  return status;
}

Status Sign(const SignatureScheme& scheme, Bytes private_key, Bytes message, MutableBytes signature,
            size_t* signature_length) {
  if (!scheme.is_valid_private_key(private_key)) return Ended(Status::kBadPrivateKey, signature, signature_length);
  const int result =
      scheme.sign(signature.data(), signature_length, message.data(), message.size(), private_key.data());
  return Ended(ResultOf(result), signature, signature_length);
}

Status SignWithContext(const SignatureScheme& scheme, Bytes private_key, Bytes message, Bytes context,
                       MutableBytes signature, size_t* signature_length) {
  if (scheme.sign_with_context == nullptr) return Ended(Status::kUnknownScheme, signature, signature_length);
  if (!scheme.is_valid_private_key(private_key)) return Ended(Status::kBadPrivateKey, signature, signature_length);
  const int result = scheme.sign_with_context(signature.data(), signature_length, message.data(), message.size(),
                                              context.data(), context.size(), private_key.data());
  return Ended(ResultOf(result), signature, signature_length);
}

bool Verify(const SignatureScheme& scheme, Bytes public_key, Bytes message, Bytes signature) {
  return HasPossibleLength(scheme, signature) &&
         scheme.verify(signature.data(), signature.size(), message.data(), message.size(), public_key.data()) == 0;
}

Status VerifyWithContext(const SignatureScheme& scheme, Bytes public_key, Bytes message, Bytes context, Bytes signature,
                         bool* valid) {
  *valid = false;
  if (scheme.verify_with_context == nullptr) return Status::kUnknownScheme;
  *valid = HasPossibleLength(scheme, signature) &&
           scheme.verify_with_context(signature.data(), signature.size(), message.data(), message.size(),
                                      context.data(), context.size(), public_key.data()) == 0;
  return Status::kOk;
}

}  // namespace skissm

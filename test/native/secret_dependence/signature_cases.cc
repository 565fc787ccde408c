#include <array>
#include <cstdint>
#include <string_view>

#include "operation/signature.h"
#include "secret_dependence/cases.h"
#include "secret_dependence/secrets.h"

namespace skissm {
namespace {

constexpr std::array<uint8_t, 5> kMessage = {'h', 'e', 'l', 'l', 'o'};
/// rho stands before an ML-DSA private key's K, and tr, of 64 bytes, behind it.
constexpr size_t kMlDsaSeedLength = 32;
constexpr size_t kMlDsaHashLength = 64;

/// Declares the secret parts of a private key secret.
void MarkPrivateKey(const SignatureScheme& scheme, MutableBytes private_key) {
  const std::string_view name = scheme.name;
  MarkSecret(private_key);
  if (name.starts_with("ML-DSA")) {
    MarkPublic(private_key.first(kMlDsaSeedLength));
    MarkPublic(private_key.subspan(2 * kMlDsaSeedLength, kMlDsaHashLength));
  } else if (name.starts_with("Falcon")) {
    MarkPublic(private_key.first(1));
  } else if (name.starts_with("SPHINCS+")) {
    MarkPublic(private_key.last(private_key.size() / 2));
  }
}

bool Signs(const SignatureScheme& scheme) {
  std::vector<uint8_t> public_key(scheme.public_key_length);
  std::vector<uint8_t> private_key(scheme.private_key_length);
  std::vector<uint8_t> signature(scheme.signature_length);
  if (SignatureGenerateKeyPair(scheme, public_key, private_key) != Status::kOk) return false;
  MarkPrivateKey(scheme, private_key);
  MarkDrawsSecret(true);
  size_t length = 0;
  const Status status = Published(Sign(scheme, private_key, kMessage, signature, &length));
  MarkDrawsSecret(false);
  length = Published(length);
  MarkPublic(signature);
  return status == Status::kOk && Verify(scheme, public_key, kMessage, Bytes(signature).first(length));
}

}  // namespace

std::vector<Case> SignatureCases() {
  std::vector<Case> cases;
  for (const SignatureScheme& scheme : SignatureSchemes()) {
    cases.push_back({std::string(scheme.name) + " signing", [&scheme] { return Signs(scheme); }});
  }
  return cases;
}

}  // namespace skissm

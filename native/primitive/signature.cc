#include "operation/signature.h"

#include <napi.h>

#include "binding/export.h"

namespace skissm {
namespace {

void ListSignatureSchemes(Call& call) {
  const Napi::Env env(call.env());
  Napi::Array rows = Napi::Array::New(env);
  for (const SignatureScheme& scheme : SignatureSchemes()) {
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", scheme.name);
    row.Set("code", Napi::Number::New(env, scheme.code));
    row.Set("spec", scheme.spec);
    row.Set("publicKeyLength", Napi::Number::New(env, static_cast<double>(scheme.public_key_length)));
    row.Set("privateKeyLength", Napi::Number::New(env, static_cast<double>(scheme.private_key_length)));
    row.Set("signatureLength", Napi::Number::New(env, static_cast<double>(scheme.signature_length)));
    row.Set("fixedLength", Napi::Boolean::New(env, scheme.fixed_length));
    rows.Set(rows.Length(), row);
  }
  call.Return(static_cast<napi_value>(rows));
}

void GenerateKeyPair(Call& call) {
  const SignatureScheme& scheme = call.Signature();
  const MutableBytes public_key = call.Output("publicKey", Length::Exactly(scheme.public_key_length));
  const MutableBytes private_key = call.Output("privateKey", Length::Exactly(scheme.private_key_length));
  if (call.Accept()) call.Finish(SignatureGenerateKeyPair(scheme, public_key, private_key));
}

void SignMessage(Call& call) {
  const SignatureScheme& scheme = call.Signature();
  const Bytes private_key = call.Input("privateKey", Length::Exactly(scheme.private_key_length));
  const Bytes message = call.Input("message", Length::Any());
  const MutableBytes signature = call.Output("signature", Length::Exactly(scheme.signature_length));
  if (!call.Accept()) return;
  size_t length = 0;
  call.Finish(Sign(scheme, private_key, message, signature, &length));
  call.Return(static_cast<double>(length));
}

void VerifyMessage(Call& call) {
  const SignatureScheme& scheme = call.Signature();
  const Bytes public_key = call.Input("publicKey", Length::Exactly(scheme.public_key_length));
  const Bytes message = call.Input("message", Length::Any());
  const Bytes signature = call.Input("signature", Length::Any());
  if (call.Accept()) call.Return(Verify(scheme, public_key, message, signature));
}

void SignMessageWithContext(Call& call) {
  const SignatureScheme& scheme = call.Signature();
  const Bytes private_key = call.Input("privateKey", Length::Exactly(scheme.private_key_length));
  const Bytes message = call.Input("message", Length::Any());
  const Bytes context = call.Input("context", Length::Between(0, kLongestContext));
  const MutableBytes signature = call.Output("signature", Length::Exactly(scheme.signature_length));
  if (!call.Accept()) return;
  size_t length = 0;
  call.Finish(SignWithContext(scheme, private_key, message, context, signature, &length));
  call.Return(static_cast<double>(length));
}

void VerifyMessageWithContext(Call& call) {
  const SignatureScheme& scheme = call.Signature();
  const Bytes public_key = call.Input("publicKey", Length::Exactly(scheme.public_key_length));
  const Bytes message = call.Input("message", Length::Any());
  const Bytes context = call.Input("context", Length::Between(0, kLongestContext));
  const Bytes signature = call.Input("signature", Length::Any());
  if (!call.Accept()) return;
  bool valid = false;
  call.Finish(VerifyWithContext(scheme, public_key, message, context, signature, &valid));
  call.Return(valid);
}

void IsValidPrivateKey(Call& call) {
  const SignatureScheme& scheme = call.Signature();
  const Bytes private_key = call.Input("privateKey", Length::Exactly(scheme.private_key_length));
  if (call.Accept()) call.Return(scheme.is_valid_private_key(private_key));
}

constexpr Export kExports[] = {
    {"signatureSchemes", Exported<ListSignatureSchemes>},
    {"signatureGenerateKeyPair", Exported<GenerateKeyPair>},
    {"sign", Exported<SignMessage>},
    {"verify", Exported<VerifyMessage>},
    {"signWithContext", Exported<SignMessageWithContext>},
    {"verifyWithContext", Exported<VerifyMessageWithContext>},
    {"signatureIsValidPrivateKey", Exported<IsValidPrivateKey>},
};

}  // namespace

std::span<const Export> SignatureExports() {
  return kExports;
}

}  // namespace skissm

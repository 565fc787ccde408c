#include "operation/kem.h"

#include <napi.h>

#include "binding/export.h"

namespace skissm {
namespace {

void ListKemSchemes(Call& call) {
  const Napi::Env env(call.env());
  Napi::Array rows = Napi::Array::New(env);
  for (const KemScheme& scheme : KemSchemes()) {
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", scheme.name);
    row.Set("code", Napi::Number::New(env, scheme.code));
    row.Set("spec", scheme.spec);
    row.Set("publicKeyLength", Napi::Number::New(env, static_cast<double>(scheme.public_key_length)));
    row.Set("privateKeyLength", Napi::Number::New(env, static_cast<double>(scheme.private_key_length)));
    row.Set("ciphertextLength", Napi::Number::New(env, static_cast<double>(scheme.ciphertext_length)));
    row.Set("sharedSecretLength", Napi::Number::New(env, static_cast<double>(scheme.shared_secret_length)));
    rows.Set(rows.Length(), row);
  }
  call.Return(static_cast<napi_value>(rows));
}

void GenerateKeyPair(Call& call) {
  const KemScheme& scheme = call.Kem();
  const MutableBytes public_key = call.Output("publicKey", Length::Exactly(scheme.public_key_length));
  const MutableBytes private_key = call.Output("privateKey", Length::Exactly(scheme.private_key_length));
  if (call.Accept()) call.Finish(KemGenerateKeyPair(scheme, public_key, private_key));
}

void Encapsulate(Call& call) {
  const KemScheme& scheme = call.Kem();
  const Bytes public_key = call.Input("publicKey", Length::Exactly(scheme.public_key_length));
  const MutableBytes ciphertext = call.Output("ciphertext", Length::Exactly(scheme.ciphertext_length));
  const MutableBytes shared_secret = call.Output("sharedSecret", Length::Exactly(scheme.shared_secret_length));
  if (call.Accept()) call.Finish(KemEncapsulate(scheme, public_key, ciphertext, shared_secret));
}

void Decapsulate(Call& call) {
  const KemScheme& scheme = call.Kem();
  const Bytes private_key = call.Input("privateKey", Length::Exactly(scheme.private_key_length));
  const Bytes ciphertext = call.Input("ciphertext", Length::Exactly(scheme.ciphertext_length));
  const MutableBytes shared_secret = call.Output("sharedSecret", Length::Exactly(scheme.shared_secret_length));
  if (call.Accept()) call.Finish(KemDecapsulate(scheme, private_key, ciphertext, shared_secret));
}

void IsEncapsulatedTo(Call& call) {
  const KemScheme& scheme = call.Kem();
  const Bytes private_key = call.Input("privateKey", Length::Exactly(scheme.private_key_length));
  const Bytes ciphertext = call.Input("ciphertext", Length::Exactly(scheme.ciphertext_length));
  if (!call.Accept()) return;
  bool result = false;
  call.Finish(KemIsEncapsulatedTo(scheme, private_key, ciphertext, &result));
  call.Return(result);
}

void IsValidPublicKey(Call& call) {
  const KemScheme& scheme = call.Kem();
  const Bytes public_key = call.Input("publicKey", Length::Exactly(scheme.public_key_length));
  if (call.Accept()) call.Return(scheme.is_valid_public_key(public_key));
}

void IsValidPrivateKey(Call& call) {
  const KemScheme& scheme = call.Kem();
  const Bytes private_key = call.Input("privateKey", Length::Exactly(scheme.private_key_length));
  if (call.Accept()) call.Return(scheme.is_valid_private_key(private_key));
}

constexpr Export kExports[] = {
    {"kemSchemes", Exported<ListKemSchemes>},
    {"kemGenerateKeyPair", Exported<GenerateKeyPair>},
    {"kemEncapsulate", Exported<Encapsulate>},
    {"kemDecapsulate", Exported<Decapsulate>},
    {"kemIsEncapsulatedTo", Exported<IsEncapsulatedTo>},
    {"kemIsValidPublicKey", Exported<IsValidPublicKey>},
    {"kemIsValidPrivateKey", Exported<IsValidPrivateKey>},
};

}  // namespace

std::span<const Export> KemExports() {
  return kExports;
}

}  // namespace skissm

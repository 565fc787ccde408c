#include "operation/hash.h"

#include <napi.h>

#include "binding/export.h"
#include "operation/keccak.h"

namespace skissm {
namespace {

Status StatusOf(bool good) {
  return good ? Status::kOk : Status::kCryptoFailed;
}

void ListHashAlgorithms(Call& call) {
  const Napi::Env env(call.env());
  Napi::Array rows = Napi::Array::New(env);
  for (const HashAlgorithm& algorithm : HashAlgorithms()) {
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", algorithm.name);
    row.Set("code", Napi::Number::New(env, algorithm.code));
    row.Set("spec", algorithm.spec);
    row.Set("digestLength", Napi::Number::New(env, static_cast<double>(algorithm.digest_length)));
    rows.Set(rows.Length(), row);
  }
  call.Return(static_cast<napi_value>(rows));
}

void HashData(Call& call) {
  const HashAlgorithm& algorithm = call.Hash();
  const Bytes data = call.Input("data", Length::Any());
  const MutableBytes out = call.Output("out", Length::Exactly(algorithm.digest_length));
  if (call.Accept()) call.Finish(StatusOf(Hash(algorithm, {data}, out)));
}

void Authenticate(Call& call) {
  const HashAlgorithm& algorithm = call.Hash();
  const Bytes key = call.Input("key", Length::Any());
  const Bytes data = call.Input("data", Length::Any());
  const MutableBytes out = call.Output("out", Length::Exactly(algorithm.digest_length));
  if (!call.Accept()) return;
  Hmac hmac(algorithm);
  call.Finish(StatusOf(hmac.SetKey(key) && hmac.Compute({data}, out)));
}

void Derive(Call& call) {
  const HashAlgorithm& algorithm = call.Hash();
  const Bytes ikm = call.Input("ikm", Length::Any());
  const Bytes salt = call.Input("salt", Length::Any());
  const Bytes info = call.Input("info", Length::Any());
  const MutableBytes out = call.Output("out", Length::Between(1, kMostHkdfBlocks * algorithm.digest_length));
  if (call.Accept()) call.Finish(StatusOf(Hkdf(algorithm, ikm, salt, info, out)));
}

template <size_t Rate>
void Shake(Call& call) {
  const Bytes data = call.Input("data", Length::Any());
  const MutableBytes out = call.Output("out", Length::Any());
  if (!call.Accept()) return;
  Keccak sponge(Rate, KeccakDomain::kShake);
  sponge.Update(data);
  sponge.Finish(out);
}

constexpr Export kExports[] = {
    {"hashAlgorithms", Exported<ListHashAlgorithms>},
    {"hash", Exported<HashData>},
    {"hmac", Exported<Authenticate>},
    {"hkdf", Exported<Derive>},
    {"shake128", Exported<Shake<kShake128Rate>>},
    {"shake256", Exported<Shake<kShake256Rate>>},
};

}  // namespace

std::span<const Export> HashExports() {
  return kExports;
}

}  // namespace skissm

#include "operation/hash.h"

#include "binding/export.h"

namespace skissm {
namespace {

Status StatusOf(bool good) {
  return good ? Status::kOk : Status::kCryptoFailed;
}

void HashSha256(Call& call) {
  const Bytes data = call.Input("data", Length::Any());
  const MutableBytes out = call.Output("out", Length::Exactly(kSha256Length));
  if (call.Accept()) call.Finish(StatusOf(Sha256({data}, out)));
}

void HashSha512(Call& call) {
  const Bytes data = call.Input("data", Length::Any());
  const MutableBytes out = call.Output("out", Length::Exactly(kSha512Length));
  if (call.Accept()) call.Finish(StatusOf(Sha512({data}, out)));
}

void Hmac(Call& call) {
  const Bytes key = call.Input("key", Length::Any());
  const Bytes data = call.Input("data", Length::Any());
  const MutableBytes out = call.Output("out", Length::Exactly(kSha256Length));
  if (!call.Accept()) return;
  HmacSha256 hmac;
  call.Finish(StatusOf(hmac.SetKey(key) && hmac.Compute({data}, out)));
}

constexpr Export kExports[] = {
    {"sha256", Exported<HashSha256>},
    {"sha512", Exported<HashSha512>},
    {"hmacSha256", Exported<Hmac>},
};

}  // namespace

std::span<const Export> HashExports() {
  return kExports;
}

}  // namespace skissm

#include "binding/export.h"
#include "operation/hash.h"

namespace skissm {
namespace {

void Derive(Call& call) {
  const Bytes ikm = call.Input("ikm", Length::Any());
  const Bytes salt = call.Input("salt", Length::Any());
  const Bytes info = call.Input("info", Length::Any());
  const MutableBytes out = call.Output("out", Length::Between(1, kLongestHkdfSha256));
  if (call.Accept()) call.Finish(HkdfSha256(ikm, salt, info, out) ? Status::kOk : Status::kCryptoFailed);
}

constexpr Export kExports[] = {
    {"hkdfSha256", Exported<Derive>},
};

}  // namespace

std::span<const Export> HkdfExports() {
  return kExports;
}

}  // namespace skissm

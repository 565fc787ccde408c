#include "operation/aead.h"

#include "binding/export.h"

namespace skissm {
namespace {

constexpr Length kKeyLength = Length::Exactly(kAeadKeyLength);
constexpr Length kIvLength = Length::Between(1, kLongestAeadIv);

void Seal(Call& call) {
  const Bytes key = call.Input("key", kKeyLength);
  const Bytes iv = call.Input("iv", kIvLength);
  const Bytes associated_data = call.Input("associatedData", Length::Any());
  const Bytes plaintext = call.Input("plaintext", Length::Any());
  const MutableBytes sealed = call.Output("out", Length::Exactly(plaintext.size() + kAeadTagLength));
  if (call.Accept()) call.Finish(AeadSeal(key, iv, associated_data, plaintext, sealed));
}

void Open(Call& call) {
  const Bytes key = call.Input("key", kKeyLength);
  const Bytes iv = call.Input("iv", kIvLength);
  const Bytes associated_data = call.Input("associatedData", Length::Any());
  const Bytes sealed = call.Input("sealed", Length::AtLeast(kAeadTagLength));
  const MutableBytes plaintext = call.Output("out", Length::Exactly(sealed.size() - kAeadTagLength));
  if (call.Accept()) call.Finish(AeadOpen(key, iv, associated_data, sealed, plaintext));
}

constexpr Export kExports[] = {
    {"aeadSeal", Exported<Seal>},
    {"aeadOpen", Exported<Open>},
};

}  // namespace

std::span<const Export> AeadExports() {
  return kExports;
}

}  // namespace skissm

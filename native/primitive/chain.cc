#include "operation/chain.h"

#include "binding/export.h"
#include "operation/aead.h"

namespace skissm {
namespace {

constexpr Length kKeyLength = Length::Exactly(kChainKeyLength);

void Seal(Call& call) {
  const Bytes chain_key = call.Input("chainKey", kKeyLength);
  const Bytes associated_data = call.Input("associatedData", Length::Any());
  const Bytes plaintext = call.Input("plaintext", Length::Any());
  const MutableBytes sealed = call.Output("sealed", Length::Exactly(plaintext.size() + kAeadTagLength));
  const MutableBytes next_chain_key = call.Output("nextChainKey", kKeyLength);
  if (call.Accept()) call.Finish(ChainSeal(chain_key, associated_data, plaintext, sealed, next_chain_key));
}

void Open(Call& call) {
  const Bytes chain_key = call.Input("chainKey", kKeyLength);
  const uint32_t steps = call.Count("steps", 0, kMostChainSteps);
  const Bytes associated_data = call.Input("associatedData", Length::Any());
  const Bytes sealed = call.Input("sealed", Length::AtLeast(kAeadTagLength));
  const MutableBytes plaintext = call.Output("plaintext", Length::Exactly(sealed.size() - kAeadTagLength));
  const MutableBytes next_chain_key = call.Output("nextChainKey", kKeyLength);
  if (call.Accept()) call.Finish(ChainOpen(chain_key, steps, associated_data, sealed, plaintext, next_chain_key));
}

void Walk(Call& call) {
  const Bytes chain_key = call.Input("chainKey", kKeyLength);
  const uint32_t steps = call.Count("steps", 0, kMostChainSteps);
  const MutableBytes out = call.Output("out", kKeyLength);
  if (call.Accept()) call.Finish(ChainWalk(chain_key, steps, out));
}

void MessageKeys(Call& call) {
  const Bytes chain_key = call.Input("chainKey", kKeyLength);
  const uint32_t count = call.Count("count", 1, kMostChainSteps);
  const MutableBytes out = call.Output("out", Length::Exactly(count * kMessageKeyLength));
  if (call.Accept()) call.Finish(ChainMessageKeys(chain_key, out));
}

constexpr Export kExports[] = {
    {"chainSeal", Exported<Seal>},
    {"chainOpen", Exported<Open>},
    {"chainWalk", Exported<Walk>},
    {"chainMessageKeys", Exported<MessageKeys>},
};

}  // namespace

std::span<const Export> ChainExports() {
  return kExports;
}

}  // namespace skissm

#include "operation/chain.h"

#include "binding/export.h"
#include "operation/aead.h"

namespace skissm {
namespace {

Length KeyLength(const HashAlgorithm& hash) {
  return Length::Exactly(hash.digest_length);
}

void Seal(Call& call) {
  const HashAlgorithm& hash = call.Hash();
  const Bytes chain_key = call.Input("chainKey", KeyLength(hash));
  const Bytes associated_data = call.Input("associatedData", Length::Any());
  const Bytes plaintext = call.Input("plaintext", Length::Any());
  const MutableBytes sealed = call.Output("sealed", Length::Exactly(plaintext.size() + kAeadTagLength));
  const MutableBytes next_chain_key = call.Output("nextChainKey", KeyLength(hash));
  if (call.Accept()) call.Finish(ChainSeal(hash, chain_key, associated_data, plaintext, sealed, next_chain_key));
}

void Open(Call& call) {
  const HashAlgorithm& hash = call.Hash();
  const Bytes chain_key = call.Input("chainKey", KeyLength(hash));
  const uint32_t steps = call.Count("steps", 0, kMostChainSteps);
  const Bytes associated_data = call.Input("associatedData", Length::Any());
  const Bytes sealed = call.Input("sealed", Length::AtLeast(kAeadTagLength));
  const MutableBytes plaintext = call.Output("plaintext", Length::Exactly(sealed.size() - kAeadTagLength));
  const MutableBytes next_chain_key = call.Output("nextChainKey", KeyLength(hash));
  if (call.Accept()) call.Finish(ChainOpen(hash, chain_key, steps, associated_data, sealed, plaintext, next_chain_key));
}

void Walk(Call& call) {
  const HashAlgorithm& hash = call.Hash();
  const Bytes chain_key = call.Input("chainKey", KeyLength(hash));
  const uint32_t steps = call.Count("steps", 0, kMostChainSteps);
  const MutableBytes out = call.Output("out", KeyLength(hash));
  if (call.Accept()) call.Finish(ChainWalk(hash, chain_key, steps, out));
}

void MessageKeys(Call& call) {
  const HashAlgorithm& hash = call.Hash();
  const Bytes chain_key = call.Input("chainKey", KeyLength(hash));
  const uint32_t count = call.Count("count", 1, kMostChainSteps);
  const MutableBytes out = call.Output("out", Length::Exactly(count * kMessageKeyLength));
  if (call.Accept()) call.Finish(ChainMessageKeys(hash, chain_key, out));
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

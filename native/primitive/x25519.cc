#include "binding/export.h"
#include "operation/curve25519.h"
#include "random/random.h"

namespace skissm {
namespace {

constexpr Length kLength = Length::Exactly(kX25519Length);

void GenerateKeyPair(Call& call) {
  const MutableBytes public_key = call.Output("publicKey", kLength);
  const MutableBytes private_key = call.Output("privateKey", kLength);
  if (!call.Accept()) return;
  X25519GenerateKeyPair(public_key, private_key);
  call.Finish(TakeRandomExhausted() ? Status::kRandomExhausted : Status::kOk);
}

void PublicKey(Call& call) {
  const Bytes private_key = call.Input("privateKey", kLength);
  const MutableBytes public_key = call.Output("publicKey", kLength);
  if (call.Accept()) X25519PublicKey(private_key, public_key);
}

void Agree(Call& call) {
  const Bytes private_key = call.Input("privateKey", kLength);
  const Bytes public_key = call.Input("publicKey", kLength);
  const MutableBytes shared_secret = call.Output("sharedSecret", kLength);
  if (call.Accept()) call.Finish(X25519(private_key, public_key, shared_secret));
}

constexpr Export kExports[] = {
    {"x25519GenerateKeyPair", Exported<GenerateKeyPair>},
    {"x25519PublicKey", Exported<PublicKey>},
    {"x25519", Exported<Agree>},
};

}  // namespace

std::span<const Export> X25519Exports() {
  return kExports;
}

}  // namespace skissm

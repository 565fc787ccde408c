#include "operation/keccak.h"

#include <algorithm>

#include "memory/secret_buffer.h"

extern "C" {
#include "common/fips202.h"
}

namespace skissm {
namespace {

constexpr uint8_t kLastBitOfPadding = 0x80;

/// Keccak-f[1600]. PQClean does not export it by itself: squeezing one block of a sponge is the permutation, followed
/// by a copy of the block.
void Permute(std::array<uint64_t, 25>& state) {
  SecretArray<SHAKE256_RATE> block;
  shake256ctx sponge = {state.data()};
  shake256_squeezeblocks(block.data(), 1, &sponge);
}

}  // namespace

Keccak::~Keccak() {
  Wipe({reinterpret_cast<uint8_t*>(state_.data()), sizeof(state_)});
}

void Keccak::Reset() {
  state_.fill(0);
  position_ = 0;
}

void Keccak::Update(Bytes bytes) {
  for (const uint8_t byte : bytes) {
    Absorb(byte);
    if (++position_ < rate_) continue;
    Permute(state_);
    position_ = 0;
  }
}

void Keccak::Finish(MutableBytes out) {
  Absorb(static_cast<uint8_t>(domain_));
  position_ = rate_ - 1;
  Absorb(kLastBitOfPadding);
  while (!out.empty()) {
    Permute(state_);
    const MutableBytes block = out.first(std::min(out.size(), rate_));
    for (size_t i = 0; i < block.size(); ++i) block[i] = ByteAt(i);
    out = out.subspan(block.size());
  }
}

}  // namespace skissm

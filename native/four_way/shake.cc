#include "four_way/shake.h"

#include <cstring>

#include "memory/wipe.h"

extern "C" {
#include "keccak4x/KeccakP-1600-times4-SnP.h"
}

namespace skissm {
namespace {

constexpr size_t kLaneLength = sizeof(uint64_t);
/// What follows the input: the suffix 1111 of SHAKE and the first bit of pad10*1. FIPS 202 §6.2, §5.1.
constexpr uint64_t kFirstPadding = 0x1f;
/// The last bit of pad10*1, at the end of the block.
constexpr uint64_t kLastPadding = uint64_t{0x80} << 56;

}  // namespace

template <size_t kRate>
FourWayShake<kRate>::FourWayShake(Bytes seed, const std::array<uint16_t, kWays>& suffixes, size_t suffix_length) {
  static_assert(sizeof(lanes_) == KeccakP1600times4_statesSizeInBytes);
  const size_t seed_lanes = seed.size() / kLaneLength;
  for (size_t lane = 0; lane < seed_lanes; ++lane) {
    uint64_t word = 0;
    std::memcpy(&word, seed.data() + lane * kLaneLength, kLaneLength);
    for (size_t way = 0; way < kWays; ++way) lanes_[lane * kWays + way] = word;
  }
  for (size_t way = 0; way < kWays; ++way) {
    lanes_[seed_lanes * kWays + way] = suffixes[way] | kFirstPadding << (8 * suffix_length);
    lanes_[(kRate / kLaneLength - 1) * kWays + way] = kLastPadding;
  }
}

template <size_t kRate>
FourWayShake<kRate>::~FourWayShake() {
  Wipe({reinterpret_cast<uint8_t*>(lanes_.data()), sizeof(lanes_)});
}

template <size_t kRate>
void FourWayShake<kRate>::Squeeze(uint8_t* out, size_t stride, size_t blocks) {
  for (; blocks > 0; --blocks, out += kRate) {
    KeccakP1600times4_PermuteAll_24rounds(lanes_.data());
    KeccakP1600times4_ExtractLanesAll(lanes_.data(), out, kRate / kLaneLength,
                                      static_cast<unsigned>(stride / kLaneLength));
  }
}

template class FourWayShake<kShake128Rate>;
template class FourWayShake<kShake256Rate>;

}  // namespace skissm

#ifndef SKISSM_FOUR_WAY_SHAKE_H_
#define SKISSM_FOUR_WAY_SHAKE_H_

#include <array>

#include "memory/bytes.h"

namespace skissm {

/// How many streams run side by side.
inline constexpr size_t kWays = 4;

/// Bytes of a block of SHAKE128 and of SHAKE256. FIPS 202 §6.2.
inline constexpr size_t kShake128Rate = 168;
inline constexpr size_t kShake256Rate = 136;

/// Four streams of SHAKE at once, in the lanes of AVX2's registers, from inputs that differ in their last bytes only:
/// that is how ML-KEM and ML-DSA expand their seeds. Wiped at the end of its scope.
template <size_t kRate>
class FourWayShake {
 public:
  /// The input of stream w is `seed` || the `suffix_length` (1 or 2) low bytes of `suffixes[w]`, the lowest one first.
  /// The seed is 32 or 64 bytes.
  FourWayShake(Bytes seed, const std::array<uint16_t, kWays>& suffixes, size_t suffix_length);
  FourWayShake(const FourWayShake&) = delete;
  FourWayShake& operator=(const FourWayShake&) = delete;
  ~FourWayShake();

  /// Writes the next `blocks` blocks of stream w to `out` + w * `stride`. Both are aligned to words of 8 bytes.
  void Squeeze(uint8_t* out, size_t stride, size_t blocks);

 private:
  /// Lane l of stream w is word 4 * l + w.
  alignas(32) std::array<uint64_t, 25 * kWays> lanes_{};
};

}  // namespace skissm

#endif  // SKISSM_FOUR_WAY_SHAKE_H_

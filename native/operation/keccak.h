#ifndef SKISSM_OPERATION_KECCAK_H_
#define SKISSM_OPERATION_KECCAK_H_

#include <array>

#include "memory/bytes.h"

namespace skissm {

/// Rates of the extendable-output functions, in bytes. FIPS 202 §6.2.
inline constexpr size_t kShake128Rate = 168;
inline constexpr size_t kShake256Rate = 136;

/// The bits that tell the uses of a sponge apart, with the first bit of the padding. FIPS 202 §6, §B.2.
enum class KeccakDomain : uint8_t { kSha3 = 0x06, kShake = 0x1f };

/// Keccak[c] on PQClean's permutation: SHA-3 and SHAKE of any rate up to 168 bytes. FIPS 202. Unlike PQClean's own
/// sponges it lies in memory of its owner: copies go on from where the original stands, and it wipes its state.
class Keccak {
 public:
  Keccak(size_t rate, KeccakDomain domain) : rate_(rate), domain_(domain) {}
  Keccak(const Keccak&) = default;
  Keccak& operator=(const Keccak&) = default;
  ~Keccak();

  void Reset();
  void Update(Bytes bytes);
  /// Ends the input and fills `out`, of any length; then the object has to be reset or replaced.
  void Finish(MutableBytes out);

 private:
  void Absorb(uint8_t byte) { state_[position_ / 8] ^= uint64_t{byte} << (8 * (position_ % 8)); }
  [[nodiscard]] uint8_t ByteAt(size_t position) const {
    return static_cast<uint8_t>(state_[position / 8] >> (8 * (position % 8)));
  }

  std::array<uint64_t, 25> state_{};
  size_t rate_;
  /// Where the next byte of the input goes: below the rate.
  size_t position_ = 0;
  KeccakDomain domain_;
};

}  // namespace skissm

#endif  // SKISSM_OPERATION_KECCAK_H_

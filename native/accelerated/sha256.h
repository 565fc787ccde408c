#ifndef SKISSM_ACCELERATED_SHA256_H_
#define SKISSM_ACCELERATED_SHA256_H_

#include <array>

#include "memory/bytes.h"

namespace skissm {

/// SHA-256 with the SHA extensions of x86-64. FIPS 180-4. Only for processors that have them (processor.h). Copies go
/// on from where the original stands; wipes its state.
class AcceleratedSha256 {
 public:
  static constexpr size_t kDigestLength = 32;
  static constexpr size_t kBlockLength = 64;

  AcceleratedSha256() { Reset(); }
  AcceleratedSha256(const AcceleratedSha256&) = default;
  AcceleratedSha256& operator=(const AcceleratedSha256&) = default;
  ~AcceleratedSha256();

  void Reset();
  void Update(Bytes bytes);
  /// Writes the digest, 32 bytes; then the object has to be reset or replaced.
  void Finish(MutableBytes digest);

 private:
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, kBlockLength> pending_;
  /// Bytes hashed so far; those of an unfinished block stand in `pending_`.
  uint64_t length_;
};

}  // namespace skissm

#endif  // SKISSM_ACCELERATED_SHA256_H_

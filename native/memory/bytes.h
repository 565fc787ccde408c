#ifndef SKISSM_MEMORY_BYTES_H_
#define SKISSM_MEMORY_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace skissm {

/// Bytes that a function reads.
using Bytes = std::span<const uint8_t>;
/// Bytes that a function fills.
using MutableBytes = std::span<uint8_t>;

/// Whether two byte strings of equal length are equal, in time that depends on the length only.
[[nodiscard]] inline bool EqualInConstantTime(Bytes a, Bytes b) {
  uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<uint8_t>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace skissm

#endif  // SKISSM_MEMORY_BYTES_H_

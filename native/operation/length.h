#ifndef SKISSM_OPERATION_LENGTH_H_
#define SKISSM_OPERATION_LENGTH_H_

#include <cstddef>
#include <limits>

namespace skissm {

/// The lengths that an argument may have.
struct Length {
  size_t minimum;
  size_t maximum;

  static constexpr Length Exactly(size_t length) { return {length, length}; }
  static constexpr Length Between(size_t minimum, size_t maximum) { return {minimum, maximum}; }
  static constexpr Length AtLeast(size_t minimum) { return {minimum, std::numeric_limits<size_t>::max()}; }
  static constexpr Length Any() { return AtLeast(0); }

  [[nodiscard]] constexpr bool Allows(size_t length) const { return length >= minimum && length <= maximum; }
};

}  // namespace skissm

#endif  // SKISSM_OPERATION_LENGTH_H_

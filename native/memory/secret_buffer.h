#ifndef SKISSM_MEMORY_SECRET_BUFFER_H_
#define SKISSM_MEMORY_SECRET_BUFFER_H_

#include <array>
#include <memory>
#include <type_traits>
#include <utility>

#include "memory/bytes.h"
#include "memory/wipe.h"

namespace skissm {

/// `N` secret bytes on the stack, wiped at the end of their scope.
template <size_t N>
class SecretArray {
 public:
  SecretArray() = default;
  SecretArray(const SecretArray&) = delete;
  SecretArray& operator=(const SecretArray&) = delete;
  ~SecretArray() { Wipe(bytes_); }

  [[nodiscard]] uint8_t* data() { return bytes_.data(); }
  [[nodiscard]] MutableBytes bytes() { return bytes_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  uint8_t& operator[](size_t index) { return bytes_[index]; }

 private:
  std::array<uint8_t, N> bytes_{};
};

/// A secret value of a plain type on the stack, zero at first, wiped at the end of its scope.
template <typename T>
class SecretValue {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  SecretValue() = default;
  SecretValue(const SecretValue&) = delete;
  SecretValue& operator=(const SecretValue&) = delete;
  ~SecretValue() { Wipe({reinterpret_cast<uint8_t*>(&value_), sizeof(value_)}); }

  [[nodiscard]] T& value() { return value_; }

 private:
  T value_{};
};

/// Secret bytes on the heap, zero at first, wiped when released.
class SecretBuffer {
 public:
  explicit SecretBuffer(size_t size) : bytes_(std::make_unique<uint8_t[]>(size)), size_(size) {}
  SecretBuffer(SecretBuffer&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;
  ~SecretBuffer() { Wipe(bytes()); }

  [[nodiscard]] MutableBytes bytes() { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_;
};

}  // namespace skissm

#endif  // SKISSM_MEMORY_SECRET_BUFFER_H_

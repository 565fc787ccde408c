#ifndef SKISSM_OPERATION_HASH_H_
#define SKISSM_OPERATION_HASH_H_

#include <mbedtls/md.h>

#include <initializer_list>
#include <variant>

#include "accelerated/sha256.h"
#include "memory/bytes.h"

namespace skissm {

inline constexpr size_t kSha256Length = 32;
inline constexpr size_t kSha512Length = 64;
/// The longest output of HKDF-SHA-256: 255 blocks. RFC 5869 §2.3.
inline constexpr size_t kLongestHkdfSha256 = 255 * kSha256Length;

/// SHA-256 of the concatenated parts. False if the library fails.
[[nodiscard]] bool Sha256(std::initializer_list<Bytes> parts, MutableBytes out);

/// SHA-512 of the concatenated parts. False if the library fails.
[[nodiscard]] bool Sha512(std::initializer_list<Bytes> parts, MutableBytes out);

/// HKDF-SHA-256; an empty salt stands for 32 zero bytes. False if the library fails. RFC 5869.
[[nodiscard]] bool HkdfSha256(Bytes ikm, Bytes salt, Bytes info, MutableBytes out);

/// HMAC-SHA-256 in mbed TLS; the contexts are allocated once. Wipes its state.
class PortableHmacSha256 {
 public:
  PortableHmacSha256();
  PortableHmacSha256(const PortableHmacSha256&) = delete;
  PortableHmacSha256& operator=(const PortableHmacSha256&) = delete;
  ~PortableHmacSha256();

  /// False if the library fails, now or when the contexts were allocated. The key is a block at most.
  [[nodiscard]] bool SetKey(Bytes key);
  [[nodiscard]] bool Compute(std::initializer_list<Bytes> parts, MutableBytes out);

 private:
  mbedtls_md_context_t inner_;
  mbedtls_md_context_t outer_;
  mbedtls_md_context_t work_;
  bool ready_;
};

/// HMAC-SHA-256 on the processor's instructions. Wipes its state.
class AcceleratedHmacSha256 {
 public:
  /// The key is a block at most.
  void SetKey(Bytes key);
  void Compute(std::initializer_list<Bytes> parts, MutableBytes out) const;

 private:
  AcceleratedSha256 inner_;
  AcceleratedSha256 outer_;
};

/// HMAC-SHA-256 with a key that is set once and used for many messages, then replaced: the two key blocks are hashed
/// when the key is set. RFC 2104. Wipes its state.
class HmacSha256 {
 public:
  HmacSha256();

  /// False if the library fails.
  [[nodiscard]] bool SetKey(Bytes key);
  /// The 32-byte code of the concatenated parts. `out` may be one of them, or the key.
  [[nodiscard]] bool Compute(std::initializer_list<Bytes> parts, MutableBytes out);

 private:
  std::variant<AcceleratedHmacSha256, PortableHmacSha256> hmac_;
};

}  // namespace skissm

#endif  // SKISSM_OPERATION_HASH_H_

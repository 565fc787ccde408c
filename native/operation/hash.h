#ifndef SKISSM_OPERATION_HASH_H_
#define SKISSM_OPERATION_HASH_H_

#include <initializer_list>
#include <variant>

#include "accelerated/sha256.h"
#include "memory/bytes.h"
#include "operation/keccak.h"
#include "scheme/hash_algorithm.h"

namespace skissm {

/// The longest output of HKDF, in digests. RFC 5869 §2.3.
inline constexpr size_t kMostHkdfBlocks = 255;

/// The digest of the concatenated parts. False if the library fails.
[[nodiscard]] bool Hash(const HashAlgorithm& algorithm, std::initializer_list<Bytes> parts, MutableBytes out);

/// HKDF; an empty salt stands for a digest of zero bytes. False if the library fails. RFC 5869.
[[nodiscard]] bool Hkdf(const HashAlgorithm& algorithm, Bytes ikm, Bytes salt, Bytes info, MutableBytes out);

/// HMAC over SHA-2 in mbed TLS; the contexts are allocated once. Wipes its state.
class MbedtlsHmac {
 public:
  explicit MbedtlsHmac(mbedtls_md_type_t type);
  MbedtlsHmac(const MbedtlsHmac&) = delete;
  MbedtlsHmac& operator=(const MbedtlsHmac&) = delete;
  ~MbedtlsHmac();

  /// Both blocks are of the hash's block length. False if the library fails, now or when the contexts were allocated.
  [[nodiscard]] bool SetKeyBlocks(Bytes inner, Bytes outer);
  [[nodiscard]] bool Compute(std::initializer_list<Bytes> parts, MutableBytes out);

 private:
  mbedtls_md_context_t inner_;
  mbedtls_md_context_t outer_;
  mbedtls_md_context_t work_;
  bool ready_;
};

/// HMAC over a hash of ours, which is copied where a computation begins. Wipes its state.
template <typename State>
class CopyingHmac {
 public:
  explicit CopyingHmac(const State& fresh) : inner_(fresh), outer_(fresh) {}

  /// Both blocks are of the hash's block length.
  [[nodiscard]] bool SetKeyBlocks(Bytes inner, Bytes outer) {
    inner_.Reset();
    inner_.Update(inner);
    outer_.Reset();
    outer_.Update(outer);
    return true;
  }
  [[nodiscard]] bool Compute(std::initializer_list<Bytes> parts, MutableBytes out) const;

 private:
  State inner_;
  State outer_;
};

/// HMAC with a key that is set once and used for many messages, then replaced: the two key blocks are hashed when the
/// key is set. RFC 2104. Wipes its state.
class Hmac {
 public:
  explicit Hmac(const HashAlgorithm& algorithm);

  /// False if the library fails.
  [[nodiscard]] bool SetKey(Bytes key);
  /// The code of the concatenated parts, of the digest's length. `out` may be one of them, or the key.
  [[nodiscard]] bool Compute(std::initializer_list<Bytes> parts, MutableBytes out);
  /// HKDF-Expand with the key that is set: as many bytes as `out` has. RFC 5869 §2.3.
  [[nodiscard]] bool Expand(Bytes info, MutableBytes out);

 private:
  using State = std::variant<CopyingHmac<AcceleratedSha256>, CopyingHmac<Keccak>, MbedtlsHmac>;

  const HashAlgorithm& algorithm_;
  State state_;
};

}  // namespace skissm

#endif  // SKISSM_OPERATION_HASH_H_

#ifndef SKISSM_SCHEME_HASH_ALGORITHM_H_
#define SKISSM_SCHEME_HASH_ALGORITHM_H_

#include <mbedtls/md.h>

#include <span>

#include "memory/bytes.h"

namespace skissm {

/// A hash function of a fixed length. Lengths in bytes.
struct HashAlgorithm {
  const char* name;
  uint32_t code;
  const char* spec;
  size_t digest_length;
  /// What HMAC fills the key up to; of SHA-3 the rate of the sponge.
  size_t block_length;
  /// What mbed TLS calls it; none for SHA-3, which it does not have.
  mbedtls_md_type_t sha2;
};

inline constexpr HashAlgorithm kSha256 = {"SHA-256", 1, "FIPS 180-4", 32, 64, MBEDTLS_MD_SHA256};
inline constexpr HashAlgorithm kSha512 = {"SHA-512", 3, "FIPS 180-4", 64, 128, MBEDTLS_MD_SHA512};

/// The longest digest and block of all rows.
inline constexpr size_t kLongestDigest = 64;
inline constexpr size_t kLongestHashBlock = 144;

/// All hash functions, one row each.
[[nodiscard]] std::span<const HashAlgorithm> HashAlgorithms();

/// The hash function with this wire code, or null. Takes the number as JavaScript gives it: fractions match nothing.
[[nodiscard]] const HashAlgorithm* FindHashAlgorithm(double code);

}  // namespace skissm

#endif  // SKISSM_SCHEME_HASH_ALGORITHM_H_

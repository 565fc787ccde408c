#include <algorithm>
#include <iterator>

#include "scheme/hash_algorithm.h"

namespace skissm {
namespace {

constexpr HashAlgorithm kAlgorithms[] = {
    {"SHA-224", 0, "FIPS 180-4", 28, 64, MBEDTLS_MD_SHA224},  kSha256,
    {"SHA-384", 2, "FIPS 180-4", 48, 128, MBEDTLS_MD_SHA384}, kSha512,
    {"SHA3-224", 8, "FIPS 202", 28, 144, MBEDTLS_MD_NONE},    {"SHA3-256", 9, "FIPS 202", 32, 136, MBEDTLS_MD_NONE},
    {"SHA3-384", 10, "FIPS 202", 48, 104, MBEDTLS_MD_NONE},   {"SHA3-512", 11, "FIPS 202", 64, 72, MBEDTLS_MD_NONE},
};

static_assert(std::ranges::all_of(kAlgorithms, [](const HashAlgorithm& row) {
  return row.digest_length <= kLongestDigest && row.block_length <= kLongestHashBlock;
}));

}  // namespace

std::span<const HashAlgorithm> HashAlgorithms() {
  return kAlgorithms;
}

const HashAlgorithm* FindHashAlgorithm(double code) {
  const auto* found = std::ranges::find_if(kAlgorithms, [code](const HashAlgorithm& row) { return row.code == code; });
  return found == std::end(kAlgorithms) ? nullptr : found;
}

}  // namespace skissm

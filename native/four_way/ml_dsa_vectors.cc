// The sampling of ML-DSA's matrix and vectors (FIPS 204 §7.3), four polynomials at a time, and the product of the two:
// in the place of functions of PQClean's polyvec.c, under their names. Compiled once per parameter set, with
// `SKISSM_SCHEME` as PQClean's prefix of its names and the folder of its headers in the include path.

#include <array>
#include <cstddef>
#include <cstdint>

#include "four_way/ml_dsa_sampling.h"

#define SKISSM_JOIN(PREFIX, NAME) PREFIX##_CLEAN_##NAME
#define SKISSM_NAME(PREFIX, NAME) SKISSM_JOIN(PREFIX, NAME)
#define SKISSM_OF_SCHEME(NAME) SKISSM_NAME(SKISSM_SCHEME, NAME)

// Every parameter set has types of the same names.
namespace skissm::SKISSM_SCHEME {
extern "C" {
#include "params.h"
#include "poly.h"
#include "polyvec.h"
#include "reduce.h"
}

namespace {

constexpr size_t kRows = K;
constexpr size_t kColumns = L;
/// Bits of a number from 0 to 2 * gamma1 - 1.
constexpr size_t kMaskBits = GAMMA1 == 1 << 17 ? 18 : 20;

/// Where the `kCount` polynomials of a vector go; the first has the number `nonce`.
template <size_t kCount>
std::array<Sample<int32_t>, kCount> SamplesOf(poly (&polynomials)[kCount], size_t nonce) {
  std::array<Sample<int32_t>, kCount> samples;
  for (size_t i = 0; i < kCount; ++i) samples[i] = {polynomials[i].coeffs, static_cast<uint16_t>(nonce + i)};
  return samples;
}

}  // namespace

extern "C" {

/// ExpandA. FIPS 204, Algorithm 32.
void SKISSM_OF_SCHEME(polyvec_matrix_expand)(polyvecl* mat, const uint8_t* rho) {
  std::array<Sample<int32_t>, kRows * kColumns> samples;
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t s = 0; s < kColumns; ++s) {
      samples[r * kColumns + s] = {mat[r].vec[s].coeffs, static_cast<uint16_t>(s | r << 8)};
    }
  }
  MlDsaSampleUniform({rho, SEEDBYTES}, samples);
}

/// The product of the matrix and a vector, both in the NTT domain; times 2^-32. FIPS 204 §7.6. A row's products are
/// below 2^53 together and the reduction takes 2^54, so it is done once, not for each product.
void SKISSM_OF_SCHEME(polyvec_matrix_pointwise_montgomery)(polyveck* t, const polyvecl* mat, const polyvecl* v) {
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t i = 0; i < kCoefficients; ++i) {
      int64_t sum = 0;
      for (size_t s = 0; s < kColumns; ++s) sum += int64_t{mat[r].vec[s].coeffs[i]} * v->vec[s].coeffs[i];
      t->vec[r].coeffs[i] = SKISSM_OF_SCHEME(montgomery_reduce)(sum);
    }
  }
}

/// The first half of ExpandS. FIPS 204, Algorithm 33.
void SKISSM_OF_SCHEME(polyvecl_uniform_eta)(polyvecl* v, const uint8_t* seed, uint16_t nonce) {
  MlDsaSampleShort<ETA>({seed, CRHBYTES}, SamplesOf(v->vec, nonce));
}

/// The second half of ExpandS.
void SKISSM_OF_SCHEME(polyveck_uniform_eta)(polyveck* v, const uint8_t* seed, uint16_t nonce) {
  MlDsaSampleShort<ETA>({seed, CRHBYTES}, SamplesOf(v->vec, nonce));
}

/// ExpandMask, for the attempt `nonce`. FIPS 204, Algorithm 34.
void SKISSM_OF_SCHEME(polyvecl_uniform_gamma1)(polyvecl* v, const uint8_t* seed, uint16_t nonce) {
  MlDsaSampleMask<kMaskBits>({seed, CRHBYTES}, SamplesOf(v->vec, kColumns * nonce));
}

}  // extern "C"

}  // namespace skissm::SKISSM_SCHEME

// K-PKE, the encryption scheme inside ML-KEM (FIPS 203 §5), on PQClean's arithmetic and with four-way sampling: in the
// place of PQClean's indcpa.c, under its names. Compiled once per parameter set, with `SKISSM_SCHEME` as PQClean's
// prefix of its names and the folder of its headers in the include path. Wipes what is secret.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "four_way/ml_kem_sampling.h"
#include "memory/secret_buffer.h"

extern "C" {
#include "common/fips202.h"
}

#define SKISSM_JOIN(PREFIX, NAME) PREFIX##_CLEAN_##NAME
#define SKISSM_NAME(PREFIX, NAME) SKISSM_JOIN(PREFIX, NAME)
#define SKISSM_OF_SCHEME(NAME) SKISSM_NAME(SKISSM_SCHEME, NAME)

// Every parameter set has types of the same names.
namespace skissm::SKISSM_SCHEME {
extern "C" {
#include "indcpa.h"
#include "poly.h"
#include "polyvec.h"
}

namespace {

constexpr size_t kRank = KYBER_K;
constexpr size_t kSeedLength = KYBER_SYMBYTES;
constexpr size_t kVectorLength = KYBER_POLYVECBYTES;

/// The matrix A that rho expands to, or its transpose. FIPS 203, Algorithm 13, lines 3-7; Algorithm 14, lines 4-8.
std::array<polyvec, kRank> ExpandMatrix(Bytes rho, bool transposed) {
  std::array<polyvec, kRank> matrix;
  std::array<Sample<int16_t>, kRank * kRank> samples;
  for (size_t i = 0; i < kRank; ++i) {
    for (size_t j = 0; j < kRank; ++j) {
      const size_t suffix = transposed ? i | j << 8 : j | i << 8;
      samples[i * kRank + j] = {matrix[i].vec[j].coeffs, static_cast<uint16_t>(suffix)};
    }
  }
  MlKemSampleUniform(rho, samples);
  return matrix;
}

/// Where the polynomials of a vector go; the first has the number `nonce`.
std::array<Sample<int16_t>, kRank> SamplesOf(polyvec& vector, size_t nonce) {
  std::array<Sample<int16_t>, kRank> samples;
  for (size_t i = 0; i < kRank; ++i) samples[i] = {vector.vec[i].coeffs, static_cast<uint16_t>(nonce + i)};
  return samples;
}

}  // namespace

extern "C" {

/// K-PKE.KeyGen. FIPS 203, Algorithm 13.
void SKISSM_OF_SCHEME(indcpa_keypair_derand)(uint8_t* pk, uint8_t* sk, const uint8_t* coins) {
  SecretArray<kSeedLength + 1> seed;
  std::copy_n(coins, kSeedLength, seed.data());
  seed[kSeedLength] = kRank;
  SecretArray<2 * kSeedLength> expanded;
  sha3_512(expanded.data(), seed.data(), kSeedLength + 1);
  const Bytes rho = expanded.bytes().first(kSeedLength);
  const Bytes sigma = expanded.bytes().subspan(kSeedLength);

  const std::array<polyvec, kRank> matrix = ExpandMatrix(rho, false);
  SecretValue<std::array<polyvec, 2>> secrets;
  auto& [s, e] = secrets.value();
  std::array<Sample<int16_t>, 2 * kRank> samples;
  std::ranges::copy(SamplesOf(s, 0), samples.begin());
  std::ranges::copy(SamplesOf(e, kRank), samples.begin() + kRank);
  MlKemSampleNoise<KYBER_ETA1>(sigma, samples);
  SKISSM_OF_SCHEME(polyvec_ntt)(&s);
  SKISSM_OF_SCHEME(polyvec_ntt)(&e);

  polyvec t;
  for (size_t i = 0; i < kRank; ++i) {
    SKISSM_OF_SCHEME(polyvec_basemul_acc_montgomery)(&t.vec[i], &matrix[i], &s);
    SKISSM_OF_SCHEME(poly_tomont)(&t.vec[i]);
  }
  SKISSM_OF_SCHEME(polyvec_add)(&t, &t, &e);
  SKISSM_OF_SCHEME(polyvec_reduce)(&t);
  SKISSM_OF_SCHEME(polyvec_tobytes)(sk, &s);
  SKISSM_OF_SCHEME(polyvec_tobytes)(pk, &t);
  std::ranges::copy(rho, pk + kVectorLength);
}

/// K-PKE.Encrypt. FIPS 203, Algorithm 14.
void SKISSM_OF_SCHEME(indcpa_enc)(uint8_t* c, const uint8_t* m, const uint8_t* pk, const uint8_t* coins) {
  const Bytes randomness(coins, kSeedLength);
  const std::array<polyvec, kRank> transposed = ExpandMatrix({pk + kVectorLength, kSeedLength}, true);
  polyvec t;
  SKISSM_OF_SCHEME(polyvec_frombytes)(&t, pk);

  struct Secrets {
    polyvec y;
    polyvec e1;
    poly e2;
    poly message;
    polyvec u;
    poly v;
  };
  SecretValue<Secrets> secrets;
  auto& [y, e1, e2, message, u, v] = secrets.value();
  SKISSM_OF_SCHEME(poly_frommsg)(&message, m);
  MlKemSampleNoise<KYBER_ETA1>(randomness, SamplesOf(y, 0));
  std::array<Sample<int16_t>, kRank + 1> samples;
  std::ranges::copy(SamplesOf(e1, kRank), samples.begin());
  samples.back() = {e2.coeffs, 2 * kRank};
  MlKemSampleNoise<KYBER_ETA2>(randomness, samples);
  SKISSM_OF_SCHEME(polyvec_ntt)(&y);

  for (size_t i = 0; i < kRank; ++i) {
    SKISSM_OF_SCHEME(polyvec_basemul_acc_montgomery)(&u.vec[i], &transposed[i], &y);
  }
  SKISSM_OF_SCHEME(polyvec_basemul_acc_montgomery)(&v, &t, &y);
  SKISSM_OF_SCHEME(polyvec_invntt_tomont)(&u);
  SKISSM_OF_SCHEME(poly_invntt_tomont)(&v);
  SKISSM_OF_SCHEME(polyvec_add)(&u, &u, &e1);
  SKISSM_OF_SCHEME(poly_add)(&v, &v, &e2);
  SKISSM_OF_SCHEME(poly_add)(&v, &v, &message);
  SKISSM_OF_SCHEME(polyvec_reduce)(&u);
  SKISSM_OF_SCHEME(poly_reduce)(&v);
  SKISSM_OF_SCHEME(polyvec_compress)(c, &u);
  SKISSM_OF_SCHEME(poly_compress)(c + KYBER_POLYVECCOMPRESSEDBYTES, &v);
}

/// K-PKE.Decrypt. FIPS 203, Algorithm 15.
void SKISSM_OF_SCHEME(indcpa_dec)(uint8_t* m, const uint8_t* c, const uint8_t* sk) {
  polyvec u;
  poly v;
  SKISSM_OF_SCHEME(polyvec_decompress)(&u, c);
  SKISSM_OF_SCHEME(poly_decompress)(&v, c + KYBER_POLYVECCOMPRESSEDBYTES);
  SecretValue<polyvec> s;
  SKISSM_OF_SCHEME(polyvec_frombytes)(&s.value(), sk);
  SKISSM_OF_SCHEME(polyvec_ntt)(&u);
  SecretValue<poly> w;
  SKISSM_OF_SCHEME(polyvec_basemul_acc_montgomery)(&w.value(), &s.value(), &u);
  SKISSM_OF_SCHEME(poly_invntt_tomont)(&w.value());
  SKISSM_OF_SCHEME(poly_sub)(&w.value(), &v, &w.value());
  SKISSM_OF_SCHEME(poly_reduce)(&w.value());
  SKISSM_OF_SCHEME(poly_tomsg)(m, &w.value());
}

}  // extern "C"

}  // namespace skissm::SKISSM_SCHEME

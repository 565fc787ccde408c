#include <algorithm>
#include <array>

#include "memory/wipe.h"
#include "scheme/hqc_keys.h"
#include "scheme/kem_scheme.h"
#include "scheme/mceliece_keys.h"
#include "scheme/ml_kem_keys.h"

extern "C" {
#include "common/fips202.h"
#include "crypto_kem/hqc-128/clean/api.h"
#include "crypto_kem/hqc-192/clean/api.h"
#include "crypto_kem/hqc-256/clean/api.h"
#include "crypto_kem/mceliece348864/clean/api.h"
#include "crypto_kem/mceliece348864f/clean/api.h"
#include "crypto_kem/mceliece460896/clean/api.h"
#include "crypto_kem/mceliece460896f/clean/api.h"
#include "crypto_kem/mceliece6688128/clean/api.h"
#include "crypto_kem/mceliece6688128f/clean/api.h"
#include "crypto_kem/mceliece6960119/clean/api.h"
#include "crypto_kem/mceliece6960119f/clean/api.h"
#include "crypto_kem/mceliece8192128/clean/api.h"
#include "crypto_kem/mceliece8192128f/clean/api.h"
#include "crypto_kem/ml-kem-1024/clean/api.h"
#include "crypto_kem/ml-kem-512/clean/api.h"
#include "crypto_kem/ml-kem-768/clean/api.h"
}

namespace skissm {
namespace {

/// HQC says that it rejects by its result, too: the secret that it gives then is the one to answer with.
template <auto Decapsulate>
int DecapsulateHqc(uint8_t* shared_secret, const uint8_t* ciphertext, const uint8_t* private_key) {
  Decapsulate(shared_secret, ciphertext, private_key);
  return 0;
}

/// Where a ciphertext ends within a byte, PQClean answers one with bits after its end by an error and a secret of ones.
/// It was not made for this key either, so it gets what implicit rejection gives: SHAKE256(0 || s || ciphertext).
template <auto Decapsulate, typename Parameters>
int DecapsulatePaddedMcEliece(uint8_t* shared_secret, const uint8_t* ciphertext, const uint8_t* private_key) {
  constexpr size_t kCiphertextLength = (Parameters::kRows + 7) / 8;
  constexpr size_t kSecretLength = 32;
  static_assert(Parameters::kRows % 8 != 0);
  if (Decapsulate(shared_secret, ciphertext, private_key) == 0) return 0;
  const uint8_t* s = private_key + Parameters::kPrivateKeyLength - Parameters::kRejectionSecretLength;
  std::array<uint8_t, 1 + Parameters::kRejectionSecretLength + kCiphertextLength> preimage{};
  std::copy_n(s, Parameters::kRejectionSecretLength, preimage.begin() + 1);
  std::copy_n(ciphertext, kCiphertextLength, preimage.begin() + 1 + Parameters::kRejectionSecretLength);
  shake256(shared_secret, kSecretLength, preimage.data(), preimage.size());
  Wipe(preimage);
  return 0;
}

// What a row takes from PQClean's scheme `ID`.
#define SKISSM_LENGTHS(ID)                                          \
  .public_key_length = PQCLEAN_##ID##_CLEAN_CRYPTO_PUBLICKEYBYTES,  \
  .private_key_length = PQCLEAN_##ID##_CLEAN_CRYPTO_SECRETKEYBYTES, \
  .ciphertext_length = PQCLEAN_##ID##_CLEAN_CRYPTO_CIPHERTEXTBYTES, \
  .shared_secret_length = PQCLEAN_##ID##_CLEAN_CRYPTO_BYTES
#define SKISSM_PAIR_AND_ENCAPSULATION(ID) \
  .generate = PQCLEAN_##ID##_CLEAN_crypto_kem_keypair, .encapsulate = PQCLEAN_##ID##_CLEAN_crypto_kem_enc

/// HQC of vectors of `N` bits and messages of `K` bytes.
#define SKISSM_HQC(NAME, CODE, ID, N, K)                                  \
  {                                                                       \
      .name = NAME,                                                       \
      .code = CODE,                                                       \
      .spec = "HQC, NIST round 4",                                        \
      SKISSM_LENGTHS(ID),                                                 \
      .rejection_secret_offset = kHqcRejectionSecretOffset,               \
      .rejection_secret_length = K,                                       \
      SKISSM_PAIR_AND_ENCAPSULATION(ID),                                  \
      .decapsulate = DecapsulateHqc<PQCLEAN_##ID##_CLEAN_crypto_kem_dec>, \
      .is_valid_public_key = IsValidHqcPublicKey<N>,                      \
      .is_valid_private_key = IsValidHqcPrivateKey<N>,                    \
  }

/// ML-KEM of module rank `K`.
#define SKISSM_ML_KEM(NAME, CODE, ID, K)                                                                   \
  {                                                                                                        \
      .name = NAME,                                                                                        \
      .code = CODE,                                                                                        \
      .spec = "FIPS 203",                                                                                  \
      SKISSM_LENGTHS(ID),                                                                                  \
      .rejection_secret_offset = PQCLEAN_##ID##_CLEAN_CRYPTO_SECRETKEYBYTES - kMlKemRejectionSecretLength, \
      .rejection_secret_length = kMlKemRejectionSecretLength,                                              \
      SKISSM_PAIR_AND_ENCAPSULATION(ID),                                                                   \
      .decapsulate = PQCLEAN_##ID##_CLEAN_crypto_kem_dec,                                                  \
      .is_valid_public_key = IsValidMlKemPublicKey<K>,                                                     \
      .is_valid_private_key = IsValidMlKemPrivateKey<K>,                                                   \
  }

/// Classic McEliece of a parameter set of mceliece_keys.h.
#define SKISSM_MCELIECE(NAME, CODE, ID, PARAMETERS, DECAPSULATE)                                                  \
  {                                                                                                               \
      .name = "Classic McEliece " NAME,                                                                           \
      .code = CODE,                                                                                               \
      .spec = "Classic McEliece, NIST round 4",                                                                   \
      SKISSM_LENGTHS(ID),                                                                                         \
      .rejection_secret_offset = PQCLEAN_##ID##_CLEAN_CRYPTO_SECRETKEYBYTES - PARAMETERS::kRejectionSecretLength, \
      .rejection_secret_length = PARAMETERS::kRejectionSecretLength,                                              \
      SKISSM_PAIR_AND_ENCAPSULATION(ID),                                                                          \
      .decapsulate = DECAPSULATE,                                                                                 \
      .is_valid_public_key = IsValidMcEliecePublicKey<PARAMETERS>,                                                \
      .is_valid_private_key = IsValidMcEliecePrivateKey<PARAMETERS>,                                              \
  }

constexpr KemScheme kSchemes[] = {
    SKISSM_HQC("HQC-128", 1, HQC128, 17669, 16),
    SKISSM_HQC("HQC-192", 9, HQC192, 35851, 24),
    SKISSM_HQC("HQC-256", 17, HQC256, 57637, 32),
    SKISSM_ML_KEM("ML-KEM-512", 33, MLKEM512, 2),
    SKISSM_ML_KEM("ML-KEM-768", 41, MLKEM768, 3),
    SKISSM_ML_KEM("ML-KEM-1024", 49, MLKEM1024, 4),
    SKISSM_MCELIECE("348864", 65, MCELIECE348864, McEliece348864, PQCLEAN_MCELIECE348864_CLEAN_crypto_kem_dec),
    SKISSM_MCELIECE("348864F", 69, MCELIECE348864F, McEliece348864F, PQCLEAN_MCELIECE348864F_CLEAN_crypto_kem_dec),
    SKISSM_MCELIECE("460896", 73, MCELIECE460896, McEliece460896, PQCLEAN_MCELIECE460896_CLEAN_crypto_kem_dec),
    SKISSM_MCELIECE("460896F", 77, MCELIECE460896F, McEliece460896F, PQCLEAN_MCELIECE460896F_CLEAN_crypto_kem_dec),
    SKISSM_MCELIECE("6688128", 81, MCELIECE6688128, McEliece6688128, PQCLEAN_MCELIECE6688128_CLEAN_crypto_kem_dec),
    SKISSM_MCELIECE("6688128F", 85, MCELIECE6688128F, McEliece6688128F, PQCLEAN_MCELIECE6688128F_CLEAN_crypto_kem_dec),
    SKISSM_MCELIECE("6960119", 89, MCELIECE6960119, McEliece6960119,
                    (DecapsulatePaddedMcEliece<PQCLEAN_MCELIECE6960119_CLEAN_crypto_kem_dec, McEliece6960119>)),
    SKISSM_MCELIECE("6960119F", 93, MCELIECE6960119F, McEliece6960119F,
                    (DecapsulatePaddedMcEliece<PQCLEAN_MCELIECE6960119F_CLEAN_crypto_kem_dec, McEliece6960119F>)),
    SKISSM_MCELIECE("8192128", 97, MCELIECE8192128, McEliece8192128, PQCLEAN_MCELIECE8192128_CLEAN_crypto_kem_dec),
    SKISSM_MCELIECE("8192128F", 101, MCELIECE8192128F, McEliece8192128F, PQCLEAN_MCELIECE8192128F_CLEAN_crypto_kem_dec),
};

#undef SKISSM_LENGTHS
#undef SKISSM_PAIR_AND_ENCAPSULATION
#undef SKISSM_HQC
#undef SKISSM_ML_KEM
#undef SKISSM_MCELIECE

}  // namespace

std::span<const KemScheme> KemSchemes() {
  return kSchemes;
}

const KemScheme* FindKemScheme(double code) {
  const auto* found = std::ranges::find_if(kSchemes, [code](const KemScheme& row) { return row.code == code; });
  return found == std::end(kSchemes) ? nullptr : found;
}

}  // namespace skissm

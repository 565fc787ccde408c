#include <algorithm>

#include "scheme/curve25519_signature.h"
#include "scheme/falcon_keys.h"
#include "scheme/ml_dsa_keys.h"
#include "scheme/signature_scheme.h"
#include "scheme/sphincs_keys.h"

extern "C" {
#include "crypto_sign/falcon-1024/clean/api.h"
#include "crypto_sign/falcon-512/clean/api.h"
#include "crypto_sign/ml-dsa-44/clean/api.h"
#include "crypto_sign/ml-dsa-65/clean/api.h"
#include "crypto_sign/ml-dsa-87/clean/api.h"
#include "crypto_sign/sphincs-sha2-128f-simple/clean/api.h"
#include "crypto_sign/sphincs-sha2-128s-simple/clean/api.h"
#include "crypto_sign/sphincs-sha2-192f-simple/clean/api.h"
#include "crypto_sign/sphincs-sha2-192s-simple/clean/api.h"
#include "crypto_sign/sphincs-sha2-256f-simple/clean/api.h"
#include "crypto_sign/sphincs-sha2-256s-simple/clean/api.h"
#include "crypto_sign/sphincs-shake-128f-simple/clean/api.h"
#include "crypto_sign/sphincs-shake-128s-simple/clean/api.h"
#include "crypto_sign/sphincs-shake-192f-simple/clean/api.h"
#include "crypto_sign/sphincs-shake-192s-simple/clean/api.h"
#include "crypto_sign/sphincs-shake-256f-simple/clean/api.h"
#include "crypto_sign/sphincs-shake-256s-simple/clean/api.h"
}

namespace skissm {
namespace {

// What a row takes from PQClean's scheme `ID`.
#define SKISSM_LENGTHS(ID)                                          \
  .public_key_length = PQCLEAN_##ID##_CLEAN_CRYPTO_PUBLICKEYBYTES,  \
  .private_key_length = PQCLEAN_##ID##_CLEAN_CRYPTO_SECRETKEYBYTES, \
  .signature_length = PQCLEAN_##ID##_CLEAN_CRYPTO_BYTES
#define SKISSM_PAIR_AND_SIGN(ID) \
  .generate = PQCLEAN_##ID##_CLEAN_crypto_sign_keypair, .sign = PQCLEAN_##ID##_CLEAN_crypto_sign_signature

/// ML-DSA of `K` by `L` polynomials and secrets up to `ETA`.
#define SKISSM_ML_DSA(NAME, CODE, ID, ETA, K, L)                           \
  {                                                                        \
      .name = NAME,                                                        \
      .code = CODE,                                                        \
      .spec = "FIPS 204",                                                  \
      SKISSM_LENGTHS(ID),                                                  \
      .fixed_length = true,                                                \
      SKISSM_PAIR_AND_SIGN(ID),                                            \
      .verify = PQCLEAN_##ID##_CLEAN_crypto_sign_verify,                   \
      .sign_with_context = PQCLEAN_##ID##_CLEAN_crypto_sign_signature_ctx, \
      .verify_with_context = PQCLEAN_##ID##_CLEAN_crypto_sign_verify_ctx,  \
      .is_valid_private_key = IsValidMlDsaPrivateKey<ETA, K, L>,           \
  }

/// Falcon, whose signatures have their true lengths. The functions are falcon_keys.h's.
#define SKISSM_FALCON(NAME, CODE, ID, VERIFY, IS_VALID) \
  {                                                     \
      .name = NAME,                                     \
      .code = CODE,                                     \
      .spec = "Falcon, NIST round 3",                   \
      SKISSM_LENGTHS(ID),                               \
      .fixed_length = false,                            \
      SKISSM_PAIR_AND_SIGN(ID),                         \
      .verify = VERIFY,                                 \
      .sign_with_context = nullptr,                     \
      .verify_with_context = nullptr,                   \
      .is_valid_private_key = IS_VALID,                 \
  }

/// SPHINCS+ as it was before FIPS 205: the two do not understand each other.
#define SKISSM_SPHINCS(NAME, CODE, ID)                                                                \
  {                                                                                                   \
      .name = "SPHINCS+-" NAME "-simple",                                                             \
      .code = CODE,                                                                                   \
      .spec = "SPHINCS+, NIST round 3.1",                                                             \
      SKISSM_LENGTHS(ID),                                                                             \
      .fixed_length = true,                                                                           \
      SKISSM_PAIR_AND_SIGN(ID),                                                                       \
      .verify = PQCLEAN_##ID##_CLEAN_crypto_sign_verify,                                              \
      .sign_with_context = nullptr,                                                                   \
      .verify_with_context = nullptr,                                                                 \
      .is_valid_private_key = IsValidSphincsPrivateKey<PQCLEAN_##ID##_CLEAN_crypto_sign_seed_keypair, \
                                                       PQCLEAN_##ID##_CLEAN_CRYPTO_SECRETKEYBYTES>,   \
  }

constexpr SignatureScheme kSchemes[] = {
    {
        .name = "Curve25519 signature",
        .code = 0,
        .spec = "XEdDSA with the sign bit in the signature (spec crypto.md 3.1)",
        .public_key_length = kCurve25519KeyLength,
        .private_key_length = kCurve25519KeyLength,
        .signature_length = kCurve25519SignatureLength,
        .fixed_length = true,
        .generate = Curve25519SignatureGenerate,
        .sign = Curve25519Sign,
        .verify = Curve25519Verify,
        .sign_with_context = nullptr,
        .verify_with_context = nullptr,
        .is_valid_private_key = IsClampedCurve25519PrivateKey,
    },
    SKISSM_ML_DSA("ML-DSA-44", 1, MLDSA44, 2, 4, 4),
    SKISSM_ML_DSA("ML-DSA-65", 9, MLDSA65, 4, 6, 5),
    SKISSM_ML_DSA("ML-DSA-87", 17, MLDSA87, 2, 8, 7),
    SKISSM_FALCON("Falcon-512", 33, FALCON512, Falcon512Verify, IsValidFalcon512PrivateKey),
    SKISSM_FALCON("Falcon-1024", 41, FALCON1024, Falcon1024Verify, IsValidFalcon1024PrivateKey),
    SKISSM_SPHINCS("SHA2-128f", 65, SPHINCSSHA2128FSIMPLE),
    SKISSM_SPHINCS("SHA2-128s", 69, SPHINCSSHA2128SSIMPLE),
    SKISSM_SPHINCS("SHA2-192f", 73, SPHINCSSHA2192FSIMPLE),
    SKISSM_SPHINCS("SHA2-192s", 77, SPHINCSSHA2192SSIMPLE),
    SKISSM_SPHINCS("SHA2-256f", 81, SPHINCSSHA2256FSIMPLE),
    SKISSM_SPHINCS("SHA2-256s", 85, SPHINCSSHA2256SSIMPLE),
    SKISSM_SPHINCS("SHAKE-128f", 89, SPHINCSSHAKE128FSIMPLE),
    SKISSM_SPHINCS("SHAKE-128s", 93, SPHINCSSHAKE128SSIMPLE),
    SKISSM_SPHINCS("SHAKE-192f", 97, SPHINCSSHAKE192FSIMPLE),
    SKISSM_SPHINCS("SHAKE-192s", 101, SPHINCSSHAKE192SSIMPLE),
    SKISSM_SPHINCS("SHAKE-256f", 105, SPHINCSSHAKE256FSIMPLE),
    SKISSM_SPHINCS("SHAKE-256s", 109, SPHINCSSHAKE256SSIMPLE),
};

#undef SKISSM_LENGTHS
#undef SKISSM_PAIR_AND_SIGN
#undef SKISSM_ML_DSA
#undef SKISSM_FALCON
#undef SKISSM_SPHINCS

}  // namespace

std::span<const SignatureScheme> SignatureSchemes() {
  return kSchemes;
}

const SignatureScheme* FindSignatureScheme(double code) {
  const auto* found = std::ranges::find_if(kSchemes, [code](const SignatureScheme& row) { return row.code == code; });
  return found == std::end(kSchemes) ? nullptr : found;
}

}  // namespace skissm

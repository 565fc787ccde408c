#include <algorithm>

#include "scheme/curve25519_signature.h"
#include "scheme/ml_dsa_keys.h"
#include "scheme/signature_scheme.h"
#include "scheme/sphincs_keys.h"

extern "C" {
#include "crypto_sign/ml-dsa-44/clean/api.h"
#include "crypto_sign/ml-dsa-65/clean/api.h"
#include "crypto_sign/ml-dsa-87/clean/api.h"
#include "crypto_sign/sphincs-sha2-128f-simple/clean/api.h"
}

namespace skissm {
namespace {

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
    {
        .name = "ML-DSA-44",
        .code = 1,
        .spec = "FIPS 204",
        .public_key_length = PQCLEAN_MLDSA44_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_MLDSA44_CLEAN_CRYPTO_SECRETKEYBYTES,
        .signature_length = PQCLEAN_MLDSA44_CLEAN_CRYPTO_BYTES,
        .fixed_length = true,
        .generate = PQCLEAN_MLDSA44_CLEAN_crypto_sign_keypair,
        .sign = PQCLEAN_MLDSA44_CLEAN_crypto_sign_signature,
        .verify = PQCLEAN_MLDSA44_CLEAN_crypto_sign_verify,
        .sign_with_context = PQCLEAN_MLDSA44_CLEAN_crypto_sign_signature_ctx,
        .verify_with_context = PQCLEAN_MLDSA44_CLEAN_crypto_sign_verify_ctx,
        .is_valid_private_key = IsValidMlDsaPrivateKey<2, 4, 4>,
    },
    {
        .name = "ML-DSA-65",
        .code = 9,
        .spec = "FIPS 204",
        .public_key_length = PQCLEAN_MLDSA65_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_MLDSA65_CLEAN_CRYPTO_SECRETKEYBYTES,
        .signature_length = PQCLEAN_MLDSA65_CLEAN_CRYPTO_BYTES,
        .fixed_length = true,
        .generate = PQCLEAN_MLDSA65_CLEAN_crypto_sign_keypair,
        .sign = PQCLEAN_MLDSA65_CLEAN_crypto_sign_signature,
        .verify = PQCLEAN_MLDSA65_CLEAN_crypto_sign_verify,
        .sign_with_context = PQCLEAN_MLDSA65_CLEAN_crypto_sign_signature_ctx,
        .verify_with_context = PQCLEAN_MLDSA65_CLEAN_crypto_sign_verify_ctx,
        .is_valid_private_key = IsValidMlDsaPrivateKey<4, 6, 5>,
    },
    {
        .name = "ML-DSA-87",
        .code = 17,
        .spec = "FIPS 204",
        .public_key_length = PQCLEAN_MLDSA87_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_MLDSA87_CLEAN_CRYPTO_SECRETKEYBYTES,
        .signature_length = PQCLEAN_MLDSA87_CLEAN_CRYPTO_BYTES,
        .fixed_length = true,
        .generate = PQCLEAN_MLDSA87_CLEAN_crypto_sign_keypair,
        .sign = PQCLEAN_MLDSA87_CLEAN_crypto_sign_signature,
        .verify = PQCLEAN_MLDSA87_CLEAN_crypto_sign_verify,
        .sign_with_context = PQCLEAN_MLDSA87_CLEAN_crypto_sign_signature_ctx,
        .verify_with_context = PQCLEAN_MLDSA87_CLEAN_crypto_sign_verify_ctx,
        .is_valid_private_key = IsValidMlDsaPrivateKey<2, 8, 7>,
    },
    {
        .name = "SPHINCS+-SHA2-128f-simple",
        .code = 65,
        .spec = "SPHINCS+, NIST round 3.1",
        .public_key_length = PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_CRYPTO_SECRETKEYBYTES,
        .signature_length = PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_CRYPTO_BYTES,
        .fixed_length = true,
        .generate = PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_crypto_sign_keypair,
        .sign = PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_crypto_sign_signature,
        .verify = PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_crypto_sign_verify,
        .sign_with_context = nullptr,
        .verify_with_context = nullptr,
        .is_valid_private_key = IsValidSphincsSha2128fPrivateKey,
    },
};

}  // namespace

std::span<const SignatureScheme> SignatureSchemes() {
  return kSchemes;
}

const SignatureScheme* FindSignatureScheme(double code) {
  const auto* found = std::ranges::find_if(kSchemes, [code](const SignatureScheme& row) { return row.code == code; });
  return found == std::end(kSchemes) ? nullptr : found;
}

}  // namespace skissm

#include <algorithm>

#include "scheme/kem_scheme.h"
#include "scheme/mceliece_keys.h"
#include "scheme/ml_kem_keys.h"

extern "C" {
#include "crypto_kem/mceliece348864/clean/api.h"
#include "crypto_kem/ml-kem-1024/clean/api.h"
#include "crypto_kem/ml-kem-512/clean/api.h"
#include "crypto_kem/ml-kem-768/clean/api.h"
}

namespace skissm {
namespace {

constexpr KemScheme kSchemes[] = {
    {
        .name = "ML-KEM-512",
        .code = 33,
        .spec = "FIPS 203",
        .public_key_length = PQCLEAN_MLKEM512_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_MLKEM512_CLEAN_CRYPTO_SECRETKEYBYTES,
        .ciphertext_length = PQCLEAN_MLKEM512_CLEAN_CRYPTO_CIPHERTEXTBYTES,
        .shared_secret_length = PQCLEAN_MLKEM512_CLEAN_CRYPTO_BYTES,
        .rejection_secret_offset = PQCLEAN_MLKEM512_CLEAN_CRYPTO_SECRETKEYBYTES - kMlKemRejectionSecretLength,
        .rejection_secret_length = kMlKemRejectionSecretLength,
        .generate = PQCLEAN_MLKEM512_CLEAN_crypto_kem_keypair,
        .encapsulate = PQCLEAN_MLKEM512_CLEAN_crypto_kem_enc,
        .decapsulate = PQCLEAN_MLKEM512_CLEAN_crypto_kem_dec,
        .is_valid_public_key = IsValidMlKemPublicKey<2>,
        .is_valid_private_key = IsValidMlKemPrivateKey<2>,
    },
    {
        .name = "ML-KEM-768",
        .code = 41,
        .spec = "FIPS 203",
        .public_key_length = PQCLEAN_MLKEM768_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_MLKEM768_CLEAN_CRYPTO_SECRETKEYBYTES,
        .ciphertext_length = PQCLEAN_MLKEM768_CLEAN_CRYPTO_CIPHERTEXTBYTES,
        .shared_secret_length = PQCLEAN_MLKEM768_CLEAN_CRYPTO_BYTES,
        .rejection_secret_offset = PQCLEAN_MLKEM768_CLEAN_CRYPTO_SECRETKEYBYTES - kMlKemRejectionSecretLength,
        .rejection_secret_length = kMlKemRejectionSecretLength,
        .generate = PQCLEAN_MLKEM768_CLEAN_crypto_kem_keypair,
        .encapsulate = PQCLEAN_MLKEM768_CLEAN_crypto_kem_enc,
        .decapsulate = PQCLEAN_MLKEM768_CLEAN_crypto_kem_dec,
        .is_valid_public_key = IsValidMlKemPublicKey<3>,
        .is_valid_private_key = IsValidMlKemPrivateKey<3>,
    },
    {
        .name = "ML-KEM-1024",
        .code = 49,
        .spec = "FIPS 203",
        .public_key_length = PQCLEAN_MLKEM1024_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_MLKEM1024_CLEAN_CRYPTO_SECRETKEYBYTES,
        .ciphertext_length = PQCLEAN_MLKEM1024_CLEAN_CRYPTO_CIPHERTEXTBYTES,
        .shared_secret_length = PQCLEAN_MLKEM1024_CLEAN_CRYPTO_BYTES,
        .rejection_secret_offset = PQCLEAN_MLKEM1024_CLEAN_CRYPTO_SECRETKEYBYTES - kMlKemRejectionSecretLength,
        .rejection_secret_length = kMlKemRejectionSecretLength,
        .generate = PQCLEAN_MLKEM1024_CLEAN_crypto_kem_keypair,
        .encapsulate = PQCLEAN_MLKEM1024_CLEAN_crypto_kem_enc,
        .decapsulate = PQCLEAN_MLKEM1024_CLEAN_crypto_kem_dec,
        .is_valid_public_key = IsValidMlKemPublicKey<4>,
        .is_valid_private_key = IsValidMlKemPrivateKey<4>,
    },
    {
        .name = "Classic McEliece 348864",
        .code = 65,
        .spec = "Classic McEliece, NIST round 4",
        .public_key_length = PQCLEAN_MCELIECE348864_CLEAN_CRYPTO_PUBLICKEYBYTES,
        .private_key_length = PQCLEAN_MCELIECE348864_CLEAN_CRYPTO_SECRETKEYBYTES,
        .ciphertext_length = PQCLEAN_MCELIECE348864_CLEAN_CRYPTO_CIPHERTEXTBYTES,
        .shared_secret_length = PQCLEAN_MCELIECE348864_CLEAN_CRYPTO_BYTES,
        .rejection_secret_offset =
            PQCLEAN_MCELIECE348864_CLEAN_CRYPTO_SECRETKEYBYTES - McEliece348864::kRejectionSecretLength,
        .rejection_secret_length = McEliece348864::kRejectionSecretLength,
        .generate = PQCLEAN_MCELIECE348864_CLEAN_crypto_kem_keypair,
        .encapsulate = PQCLEAN_MCELIECE348864_CLEAN_crypto_kem_enc,
        .decapsulate = PQCLEAN_MCELIECE348864_CLEAN_crypto_kem_dec,
        .is_valid_public_key = IsAnyPublicKeyValid,
        .is_valid_private_key = IsValidMcEliecePrivateKey<McEliece348864>,
    },
};

}  // namespace

std::span<const KemScheme> KemSchemes() {
  return kSchemes;
}

const KemScheme* FindKemScheme(double code) {
  const auto* found = std::ranges::find_if(kSchemes, [code](const KemScheme& row) { return row.code == code; });
  return found == std::end(kSchemes) ? nullptr : found;
}

}  // namespace skissm

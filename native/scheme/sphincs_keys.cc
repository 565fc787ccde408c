#include "scheme/sphincs_keys.h"

#include <array>

#include "memory/secret_buffer.h"

extern "C" {
#include "crypto_sign/sphincs-sha2-128f-simple/clean/api.h"
}

namespace skissm {

bool IsValidSphincsSha2128fPrivateKey(Bytes private_key) {
  std::array<uint8_t, PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_CRYPTO_PUBLICKEYBYTES> public_key;
  SecretArray<PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_CRYPTO_SECRETKEYBYTES> expected;
  // The private key begins with the seed it was made from.
  if (PQCLEAN_SPHINCSSHA2128FSIMPLE_CLEAN_crypto_sign_seed_keypair(public_key.data(), expected.data(),
                                                                   private_key.data()) != 0) {
    return false;
  }
  return EqualInConstantTime(expected.bytes(), private_key);
}

}  // namespace skissm

// Calls inside the C libraries that the linker leads here (`--wrap`, ../secret_dependence.cmake): to declare public
// what is computed from secrets but published, and to choose what mbed TLS runs on.

#include "secret_dependence/secrets.h"

namespace {

bool mbedtls_may_use_instructions = true;

}  // namespace

namespace skissm {

void LetMbedtlsUseInstructions(bool allowed) {
  mbedtls_may_use_instructions = allowed;
}

}  // namespace skissm

// Of SPHINCS+ two things are public that secrets were hashed into. The randomiser R of a message stands in the
// signature; with the message it decides which keys sign, so indices depend on it. And the root of a tree, which the
// one-time key of the tree above signs, is what a verifier computes from the signature; how often a chain is hashed
// depends on it.
#define SKISSM_REAL(SET, NAME) __real_PQCLEAN_SPHINCS##SET##SIMPLE_CLEAN_##NAME
#define SKISSM_WRAP(SET, NAME) __wrap_PQCLEAN_SPHINCS##SET##SIMPLE_CLEAN_##NAME
#define SKISSM_PUBLISH(SET, LENGTH)                                                                                 \
  void SKISSM_REAL(SET, gen_message_random)(uint8_t*, const uint8_t*, const uint8_t*, const uint8_t*, size_t,       \
                                            const void*);                                                           \
  void SKISSM_WRAP(SET, gen_message_random)(uint8_t* r, const uint8_t* secret, const uint8_t* random,               \
                                            const uint8_t* message, size_t length, const void* context) {           \
    SKISSM_REAL(SET, gen_message_random)(r, secret, random, message, length, context);                              \
    skissm::MarkPublic({r, LENGTH});                                                                                \
  }                                                                                                                 \
  void SKISSM_REAL(SET, merkle_sign)(uint8_t*, uint8_t*, const void*, uint32_t*, uint32_t*, uint32_t);              \
  void SKISSM_WRAP(SET, merkle_sign)(uint8_t* signature, uint8_t* root, const void* context, uint32_t* key_address, \
                                     uint32_t* tree_address, uint32_t leaf) {                                       \
    skissm::MarkPublic({root, LENGTH});                                                                             \
    SKISSM_REAL(SET, merkle_sign)(signature, root, context, key_address, tree_address, leaf);                       \
  }

extern "C" {

SKISSM_PUBLISH(SHA2128F, 16)
SKISSM_PUBLISH(SHA2128S, 16)
SKISSM_PUBLISH(SHA2192F, 24)
SKISSM_PUBLISH(SHA2192S, 24)
SKISSM_PUBLISH(SHA2256F, 32)
SKISSM_PUBLISH(SHA2256S, 32)
SKISSM_PUBLISH(SHAKE128F, 16)
SKISSM_PUBLISH(SHAKE128S, 16)
SKISSM_PUBLISH(SHAKE192F, 24)
SKISSM_PUBLISH(SHAKE192S, 24)
SKISSM_PUBLISH(SHAKE256F, 32)
SKISSM_PUBLISH(SHAKE256S, 32)

int __real_mbedtls_aesni_has_support(unsigned what);
int __wrap_mbedtls_aesni_has_support(unsigned what) {
  return mbedtls_may_use_instructions ? __real_mbedtls_aesni_has_support(what) : 0;
}

}  // extern "C"

#undef SKISSM_REAL
#undef SKISSM_WRAP
#undef SKISSM_PUBLISH

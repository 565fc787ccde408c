#include "operation/aead.h"

#include <mbedtls/gcm.h>

#include "accelerated/aes_gcm.h"
#include "accelerated/processor.h"
#include "memory/wipe.h"

namespace skissm {
namespace {

/// A keyed GCM context; mbed TLS wipes it on release.
class Gcm {
 public:
  explicit Gcm(Bytes key) {
    mbedtls_gcm_init(&context_);
    ready_ = mbedtls_gcm_setkey(&context_, MBEDTLS_CIPHER_ID_AES, key.data(), kAeadKeyLength * 8) == 0;
  }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;
  ~Gcm() { mbedtls_gcm_free(&context_); }

  [[nodiscard]] bool ready() const { return ready_; }
  mbedtls_gcm_context* get() { return &context_; }

 private:
  mbedtls_gcm_context context_;
  bool ready_;
};

}  // namespace

Status AeadSeal(Bytes key, Bytes iv, Bytes associated_data, Bytes plaintext, MutableBytes sealed) {
  if (CurrentAcceleration().aes_gcm) {
    if (AcceleratedAesGcmSeal(key, iv, associated_data, plaintext, sealed)) return Status::kOk;
    Wipe(sealed);
    return Status::kCryptoFailed;
  }
  Gcm gcm(key);
  const bool good =
      gcm.ready() && mbedtls_gcm_crypt_and_tag(gcm.get(), MBEDTLS_GCM_ENCRYPT, plaintext.size(), iv.data(), iv.size(),
                                               associated_data.data(), associated_data.size(), plaintext.data(),
                                               sealed.data(), kAeadTagLength, sealed.last(kAeadTagLength).data()) == 0;
  if (good) return Status::kOk;
  Wipe(sealed);
  return Status::kCryptoFailed;
}

Status AeadOpen(Bytes key, Bytes iv, Bytes associated_data, Bytes sealed, MutableBytes plaintext) {
  if (CurrentAcceleration().aes_gcm) {
    if (AcceleratedAesGcmOpen(key, iv, associated_data, sealed, plaintext)) return Status::kOk;
    Wipe(plaintext);
    return Status::kNotAuthentic;
  }
  Gcm gcm(key);
  if (!gcm.ready()) return Status::kCryptoFailed;
  const int result = mbedtls_gcm_auth_decrypt(gcm.get(), plaintext.size(), iv.data(), iv.size(), associated_data.data(),
                                              associated_data.size(), sealed.last(kAeadTagLength).data(),
                                              kAeadTagLength, sealed.data(), plaintext.data());
  if (result == 0) return Status::kOk;
  Wipe(plaintext);
  return result == MBEDTLS_ERR_GCM_AUTH_FAILED ? Status::kNotAuthentic : Status::kCryptoFailed;
}

}  // namespace skissm

#include "scheme/falcon_keys.h"

#include <array>

#include "memory/secret_buffer.h"

extern "C" {
#include "crypto_sign/falcon-1024/clean/api.h"
#include "crypto_sign/falcon-512/clean/api.h"

// PQClean declares these in headers of one name and one include guard for both sizes.
size_t PQCLEAN_FALCON512_CLEAN_trim_i8_decode(int8_t* x, unsigned logn, unsigned bits, const void* in, size_t length);
int PQCLEAN_FALCON512_CLEAN_complete_private(int8_t* G, const int8_t* f, const int8_t* g, const int8_t* F,
                                             unsigned logn, uint8_t* scratch);
size_t PQCLEAN_FALCON1024_CLEAN_trim_i8_decode(int8_t* x, unsigned logn, unsigned bits, const void* in, size_t length);
int PQCLEAN_FALCON1024_CLEAN_complete_private(int8_t* G, const int8_t* f, const int8_t* g, const int8_t* F,
                                              unsigned logn, uint8_t* scratch);
}

namespace skissm {
namespace {

/// One size of Falcon: polynomials of 2^kLogDegree coefficients, those of f and g in kShortBits, those of F in 8.
struct Falcon512 {
  static constexpr unsigned kLogDegree = 9;
  static constexpr unsigned kShortBits = 6;
  static constexpr auto kDecode = PQCLEAN_FALCON512_CLEAN_trim_i8_decode;
  static constexpr auto kComplete = PQCLEAN_FALCON512_CLEAN_complete_private;
  static constexpr auto kVerify = PQCLEAN_FALCON512_CLEAN_crypto_sign_verify;
};

struct Falcon1024 {
  static constexpr unsigned kLogDegree = 10;
  static constexpr unsigned kShortBits = 5;
  static constexpr auto kDecode = PQCLEAN_FALCON1024_CLEAN_trim_i8_decode;
  static constexpr auto kComplete = PQCLEAN_FALCON1024_CLEAN_complete_private;
  static constexpr auto kVerify = PQCLEAN_FALCON1024_CLEAN_crypto_sign_verify;
};

constexpr uint8_t kPrivateKeyHeader = 0x50;
constexpr unsigned kLongBits = 8;

/// What the check makes of a private key.
template <typename Size>
struct Polynomials {
  static constexpr size_t kDegree = size_t{1} << Size::kLogDegree;
  std::array<int8_t, kDegree> f;
  std::array<int8_t, kDegree> g;
  std::array<int8_t, kDegree> big_f;
  std::array<int8_t, kDegree> big_g;
  alignas(uint64_t) std::array<uint8_t, 4 * kDegree> scratch;
};

template <typename Size>
bool IsValidPrivateKey(Bytes private_key) {
  if (private_key.front() != kPrivateKeyHeader + Size::kLogDegree) return false;
  SecretValue<Polynomials<Size>> secret;
  Polynomials<Size>& key = secret.value();
  Bytes left = private_key.subspan(1);
  const auto decode = [&left](auto& polynomial, unsigned bits) {
    const size_t length = Size::kDecode(polynomial.data(), Size::kLogDegree, bits, left.data(), left.size());
    left = left.subspan(length);
    return length != 0;
  };
  return decode(key.f, Size::kShortBits) && decode(key.g, Size::kShortBits) && decode(key.big_f, kLongBits) &&
         left.empty() &&
         Size::kComplete(key.big_g.data(), key.f.data(), key.g.data(), key.big_f.data(), Size::kLogDegree,
                         key.scratch.data()) == 1;
}

template <typename Size>
int Verify(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
           const uint8_t* public_key) {
  if (signature[signature_length - 1] == 0) return -1;
  return Size::kVerify(signature, signature_length, message, message_length, public_key);
}

}  // namespace

bool IsValidFalcon512PrivateKey(Bytes private_key) {
  return IsValidPrivateKey<Falcon512>(private_key);
}

bool IsValidFalcon1024PrivateKey(Bytes private_key) {
  return IsValidPrivateKey<Falcon1024>(private_key);
}

int Falcon512Verify(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
                    const uint8_t* public_key) {
  return Verify<Falcon512>(signature, signature_length, message, message_length, public_key);
}

int Falcon1024Verify(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
                     const uint8_t* public_key) {
  return Verify<Falcon1024>(signature, signature_length, message, message_length, public_key);
}

}  // namespace skissm

#include "scheme/ml_kem_keys.h"

#include <array>

extern "C" {
#include "common/fips202.h"
}

namespace skissm {
namespace {

constexpr uint32_t kModulus = 3329;
/// One polynomial: 256 coefficients of 12 bits.
constexpr size_t kPolynomialLength = 384;
constexpr size_t kHashLength = 32;
constexpr size_t kSeedLength = 32;

/// Whether every 12-bit coefficient is below q. Without a branch per coefficient: it also reads secret ones.
bool AreReduced(Bytes polynomials) {
  uint32_t too_large = 0;
  for (size_t i = 0; i < polynomials.size(); i += 3) {
    const uint32_t low = polynomials[i] | (polynomials[i + 1] & 0x0fU) << 8;
    const uint32_t high = polynomials[i + 1] >> 4 | static_cast<uint32_t>(polynomials[i + 2]) << 4;
    // The sign bit appears when the coefficient is q or more.
    too_large |= (kModulus - 1 - low) | (kModulus - 1 - high);
  }
  return too_large >> 31 == 0;
}

}  // namespace

template <size_t K>
bool IsValidMlKemPublicKey(Bytes public_key) {
  return AreReduced(public_key.first(K * kPolynomialLength));
}

template <size_t K>
bool IsValidMlKemPrivateKey(Bytes private_key) {
  constexpr size_t kPublicKeyLength = K * kPolynomialLength + kSeedLength;
  const Bytes inner_private_key = private_key.first(K * kPolynomialLength);
  const Bytes public_key = private_key.subspan(K * kPolynomialLength, kPublicKeyLength);
  const Bytes stored_hash = private_key.subspan(K * kPolynomialLength + kPublicKeyLength, kHashLength);
  std::array<uint8_t, kHashLength> hash;
  sha3_256(hash.data(), public_key.data(), public_key.size());
  return EqualInConstantTime(hash, stored_hash) && AreReduced(inner_private_key) &&
         IsValidMlKemPublicKey<K>(public_key);
}

template bool IsValidMlKemPublicKey<2>(Bytes);
template bool IsValidMlKemPublicKey<3>(Bytes);
template bool IsValidMlKemPublicKey<4>(Bytes);
template bool IsValidMlKemPrivateKey<2>(Bytes);
template bool IsValidMlKemPrivateKey<3>(Bytes);
template bool IsValidMlKemPrivateKey<4>(Bytes);

}  // namespace skissm

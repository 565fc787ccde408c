#include "scheme/ml_dsa_keys.h"

namespace skissm {
namespace {

/// rho (32 bytes), K (32 bytes) and tr (64 bytes) stand before s1.
constexpr size_t kShortVectorsOffset = 128;
constexpr size_t kCoefficients = 256;

}  // namespace

template <uint32_t Eta, size_t K, size_t L>
bool IsValidMlDsaPrivateKey(Bytes private_key) {
  // A coefficient c is stored as Eta - c, in the bits that 2 * Eta needs; whole groups of bytes hold eight of them.
  constexpr size_t kBits = Eta == 2 ? 3 : 4;
  constexpr uint32_t kMask = (1U << kBits) - 1;
  const Bytes packed = private_key.subspan(kShortVectorsOffset, (K + L) * kCoefficients * kBits / 8);
  uint32_t too_large = 0;
  for (size_t i = 0; i < packed.size(); i += kBits) {
    uint32_t group = 0;
    for (size_t j = 0; j < kBits; ++j) group |= static_cast<uint32_t>(packed[i + j]) << (8 * j);
    // No branch on a coefficient: they are secret. The sign bit appears when one is above 2 * Eta.
    for (size_t j = 0; j < 8; ++j) too_large |= 2 * Eta - (group >> (j * kBits) & kMask);
  }
  return too_large >> 31 == 0;
}

template bool IsValidMlDsaPrivateKey<2, 4, 4>(Bytes);
template bool IsValidMlDsaPrivateKey<4, 6, 5>(Bytes);
template bool IsValidMlDsaPrivateKey<2, 8, 7>(Bytes);

}  // namespace skissm

#include "scheme/mceliece_keys.h"

namespace skissm {
namespace {

/// Columns 0 to 31 as a little-endian bit set.
constexpr uint8_t kFirstPivots[kMcEliecePivotsLength] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
/// How many of 64 columns are chosen.
constexpr uint32_t kPivots = 32;

/// Counts without a table, whose addresses would tell the bits.
uint32_t BitsSet(Bytes bytes) {
  uint32_t count = 0;
  for (const uint8_t byte : bytes) {
    for (uint32_t bit = 0; bit < 8; ++bit) count += byte >> bit & 1U;
  }
  return count;
}

}  // namespace

template <typename Parameters>
bool IsValidMcEliecePublicKey(Bytes public_key) {
  constexpr size_t kUsedBits = Parameters::kColumns % 8;
  if constexpr (kUsedBits != 0) {
    constexpr size_t kRowLength = Parameters::kColumns / 8 + 1;
    for (size_t end = kRowLength; end <= public_key.size(); end += kRowLength) {
      if (public_key[end - 1] >> kUsedBits != 0) return false;
    }
  }
  return true;
}

template <typename Parameters>
bool IsValidMcEliecePrivateKey(Bytes private_key) {
  const Bytes pivots = private_key.subspan(kMcElieceSeedLength, kMcEliecePivotsLength);
  const Bytes goppa = private_key.subspan(kMcElieceSeedLength + kMcEliecePivotsLength, 2 * Parameters::kErrors);
  uint32_t outside_field = 0;
  for (size_t i = 0; i < goppa.size(); i += 2) {
    outside_field |= (goppa[i] | static_cast<uint32_t>(goppa[i + 1]) << 8) >> Parameters::kFieldBits;
  }
  const bool has_pivots =
      Parameters::kChoosesPivots ? BitsSet(pivots) == kPivots : EqualInConstantTime(pivots, kFirstPivots);
  return has_pivots && outside_field == 0;
}

#define SKISSM_MCELIECE_CHECKS(PARAMETERS)                   \
  template bool IsValidMcEliecePublicKey<PARAMETERS>(Bytes); \
  template bool IsValidMcEliecePrivateKey<PARAMETERS>(Bytes)

SKISSM_MCELIECE_CHECKS(McEliece348864);
SKISSM_MCELIECE_CHECKS(McEliece348864F);
SKISSM_MCELIECE_CHECKS(McEliece460896);
SKISSM_MCELIECE_CHECKS(McEliece460896F);
SKISSM_MCELIECE_CHECKS(McEliece6688128);
SKISSM_MCELIECE_CHECKS(McEliece6688128F);
SKISSM_MCELIECE_CHECKS(McEliece6960119);
SKISSM_MCELIECE_CHECKS(McEliece6960119F);
SKISSM_MCELIECE_CHECKS(McEliece8192128);
SKISSM_MCELIECE_CHECKS(McEliece8192128F);

#undef SKISSM_MCELIECE_CHECKS

}  // namespace skissm

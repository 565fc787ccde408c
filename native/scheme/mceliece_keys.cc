#include "scheme/mceliece_keys.h"

namespace skissm {
namespace {

constexpr size_t kSeedLength = 32;
constexpr size_t kPivotsLength = 8;
/// Columns 0 to 31 as a little-endian bit set.
constexpr uint8_t kPivots[kPivotsLength] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};

}  // namespace

bool IsAnyPublicKeyValid(Bytes) {
  return true;
}

template <typename Parameters>
bool IsValidMcEliecePrivateKey(Bytes private_key) {
  const Bytes pivots = private_key.subspan(kSeedLength, kPivotsLength);
  const Bytes goppa = private_key.subspan(kSeedLength + kPivotsLength, 2 * Parameters::kGoppaDegree);
  uint32_t outside_field = 0;
  for (size_t i = 0; i < goppa.size(); i += 2) {
    outside_field |= (goppa[i] | static_cast<uint32_t>(goppa[i + 1]) << 8) >> Parameters::kFieldBits;
  }
  return EqualInConstantTime(pivots, kPivots) && outside_field == 0;
}

template bool IsValidMcEliecePrivateKey<McEliece348864>(Bytes);

}  // namespace skissm

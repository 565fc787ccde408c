#ifndef SKISSM_SCHEME_MCELIECE_KEYS_H_
#define SKISSM_SCHEME_MCELIECE_KEYS_H_

#include "memory/bytes.h"

namespace skissm {

inline constexpr size_t kMcElieceSeedLength = 32;
inline constexpr size_t kMcEliecePivotsLength = 8;

/// A parameter set of Classic McEliece: code length n, t errors, field GF(2^m), and whether key generation chooses the
/// pivots (the "f" variants).
template <size_t N, size_t T, size_t M, bool ChoosesPivots>
struct McEliece {
  static constexpr size_t kCodeLength = N;
  static constexpr size_t kErrors = T;
  static constexpr size_t kFieldBits = M;
  static constexpr bool kChoosesPivots = ChoosesPivots;
  /// Rows and columns of the public matrix.
  static constexpr size_t kRows = M * T;
  static constexpr size_t kColumns = N - M * T;
  /// The string s of n bits at the end of a private key.
  static constexpr size_t kRejectionSecretLength = N / 8;
  /// seed || pivots || Goppa polynomial || control bits || s.
  static constexpr size_t kPrivateKeyLength =
      kMcElieceSeedLength + kMcEliecePivotsLength + 2 * T + (size_t{1} << (M - 4)) * (2 * M - 1) + N / 8;
};

/// Whether the bits that fill up the rows of a public key to whole bytes are zero. Most sets have no such bits.
template <typename Parameters>
[[nodiscard]] bool IsValidMcEliecePublicKey(Bytes public_key);

/// Whether a private key (seed || pivots || Goppa polynomial || control bits || s) has pivots of its parameter set and
/// field elements only. The C code would silently mask what is too large.
template <typename Parameters>
[[nodiscard]] bool IsValidMcEliecePrivateKey(Bytes private_key);

using McEliece348864 = McEliece<3488, 64, 12, false>;
using McEliece348864F = McEliece<3488, 64, 12, true>;
using McEliece460896 = McEliece<4608, 96, 13, false>;
using McEliece460896F = McEliece<4608, 96, 13, true>;
using McEliece6688128 = McEliece<6688, 128, 13, false>;
using McEliece6688128F = McEliece<6688, 128, 13, true>;
using McEliece6960119 = McEliece<6960, 119, 13, false>;
using McEliece6960119F = McEliece<6960, 119, 13, true>;
using McEliece8192128 = McEliece<8192, 128, 13, false>;
using McEliece8192128F = McEliece<8192, 128, 13, true>;

}  // namespace skissm

#endif  // SKISSM_SCHEME_MCELIECE_KEYS_H_

#include "scheme/curve25519_signature.h"

#include <algorithm>
#include <array>

#include "memory/secret_buffer.h"
#include "operation/curve25519.h"
#include "operation/hash.h"
#include "random/random.h"

extern "C" {
#include "private/curve25519_ref10.h"
}

namespace skissm {
namespace {

constexpr size_t kScalarLength = 32;
constexpr size_t kPointLength = 32;
constexpr size_t kRandomLength = 64;
constexpr uint8_t kSignBit = 0x80;

/// The order q of the base point, little-endian: 2^252 + 27742317777372353535851937790883648493.
constexpr std::array<uint8_t, kScalarLength> kOrder = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                       0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                       0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

/// p - 1 = 2^255 - 20, little-endian.
constexpr std::array<uint8_t, kCurve25519KeyLength> kModulusMinusOne = {
    0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

/// Compares public little-endian numbers.
bool IsBelow(Bytes a, Bytes b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

/// out = scalar * B, encoded. `scalar` has bit 255 clear.
void MultiplyBasePoint(Bytes scalar, MutableBytes out) {
  ge_p3 point;
  ge_scalarmult_base(&point, scalar.data());
  ge_p3_tobytes(out.data(), &point);
  Wipe({reinterpret_cast<uint8_t*>(&point), sizeof(point)});
}

/// The Edwards y of the Montgomery u, encoded with sign bit 0: y = (u - 1) / (u + 1).
void EdwardsFromMontgomery(const uint8_t* u_bytes, uint8_t* y_bytes) {
  fe u;
  fe one;
  fe numerator;
  fe denominator;
  fe_frombytes(u, u_bytes);
  fe_1(one);
  fe_sub(numerator, u, one);
  fe_add(denominator, u, one);
  fe_invert(denominator, denominator);
  fe_mul(numerator, numerator, denominator);
  fe_tobytes(y_bytes, numerator);
}

}  // namespace

bool IsClampedCurve25519PrivateKey(Bytes private_key) {
  return (private_key.front() & 7) == 0 && (private_key.back() & 0xc0) == 0x40;
}

int Curve25519Sign(uint8_t* signature, size_t* signature_length, const uint8_t* message, size_t message_length,
                   const uint8_t* private_key) {
  const Bytes a(private_key, kScalarLength);
  const Bytes text(message, message_length);
  const MutableBytes out(signature, kCurve25519SignatureLength);
  const MutableBytes commitment = out.first(kPointLength);
  const MutableBytes response = out.subspan(kPointLength);

  std::array<uint8_t, kPointLength> public_point;
  MultiplyBasePoint(a, public_point);
  const uint8_t sign = public_point[kPointLength - 1] & kSignBit;

  // FE FF .. FF: no encoding of a point begins like that, so this hash is never the one of the challenge.
  std::array<uint8_t, 32> prefix;
  prefix.fill(0xff);
  prefix[0] = 0xfe;
  SecretArray<kRandomLength> random;
  FillRandom(random.bytes());
  SecretArray<kSha512.digest_length> nonce;
  if (!Hash(kSha512, {prefix, a, text, random.bytes()}, nonce.bytes())) return -1;
  sc_reduce(nonce.data());
  MultiplyBasePoint(nonce.bytes().first(kScalarLength), commitment);

  std::array<uint8_t, kSha512.digest_length> challenge;
  if (!Hash(kSha512, {commitment, public_point, text}, challenge)) return -1;
  sc_reduce(challenge.data());
  sc_muladd(response.data(), challenge.data(), a.data(), nonce.data());
  response.back() = static_cast<uint8_t>((response.back() & ~kSignBit) | sign);
  *signature_length = kCurve25519SignatureLength;
  return 0;
}

int Curve25519Verify(const uint8_t* signature, size_t signature_length, const uint8_t* message, size_t message_length,
                     const uint8_t* public_key) {
  if (signature_length != kCurve25519SignatureLength) return -1;
  // This also refuses a public key with bit 255 set.
  if (!IsBelow({public_key, kCurve25519KeyLength}, kModulusMinusOne)) return -1;
  const Bytes commitment(signature, kPointLength);
  std::array<uint8_t, kScalarLength> response;
  std::copy_n(signature + kPointLength, kScalarLength, response.begin());
  const uint8_t sign = response.back() & kSignBit;
  response.back() = static_cast<uint8_t>(response.back() & ~kSignBit);
  if (!IsBelow(response, kOrder)) return -1;

  std::array<uint8_t, kPointLength> public_point;
  EdwardsFromMontgomery(public_key, public_point.data());
  public_point.back() |= sign;
  ge_p3 negated_key;
  if (ge_frombytes_negate_vartime(&negated_key, public_point.data()) != 0) return -1;

  std::array<uint8_t, kSha512.digest_length> challenge;
  if (!Hash(kSha512, {commitment, public_point, {message, message_length}}, challenge)) return -1;
  sc_reduce(challenge.data());
  // R = S * B - h * A'
  ge_p2 point;
  ge_double_scalarmult_vartime(&point, challenge.data(), &negated_key, response.data());
  std::array<uint8_t, kPointLength> expected;
  ge_tobytes(expected.data(), &point);
  return EqualInConstantTime(expected, commitment) ? 0 : -1;
}

int Curve25519SignatureGenerate(uint8_t* public_key, uint8_t* private_key) {
  constexpr std::array<uint8_t, 10> kProbe{};
  std::array<uint8_t, kCurve25519SignatureLength> signature;
  size_t length = 0;
  do {
    X25519GenerateKeyPair({public_key, kX25519Length}, {private_key, kX25519Length});
  } while (Curve25519Sign(signature.data(), &length, kProbe.data(), kProbe.size(), private_key) != 0 ||
           Curve25519Verify(signature.data(), length, kProbe.data(), kProbe.size(), public_key) != 0);
  return 0;
}

}  // namespace skissm

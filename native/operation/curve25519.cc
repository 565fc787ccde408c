#include "operation/curve25519.h"

#include <array>

#include "random/random.h"

extern "C" {
#include "donna_c64/curve25519_donna_c64.h"
}

namespace skissm {
namespace {

const crypto_scalarmult_curve25519_implementation& Donna() {
  return crypto_scalarmult_curve25519_donna_c64_implementation;
}

}  // namespace

void X25519GenerateKeyPair(MutableBytes public_key, MutableBytes private_key) {
  FillRandom(private_key);
  private_key.front() &= 248;
  private_key.back() &= 127;
  private_key.back() |= 64;
  X25519PublicKey(private_key, public_key);
}

void X25519PublicKey(Bytes private_key, MutableBytes public_key) {
  Donna().mult_base(public_key.data(), private_key.data());
}

Status X25519(Bytes private_key, Bytes public_key, MutableBytes shared_secret) {
  constexpr std::array<uint8_t, kX25519Length> kZero{};
  Donna().mult(shared_secret.data(), private_key.data(), public_key.data());
  return EqualInConstantTime(shared_secret, kZero) ? Status::kZeroSharedSecret : Status::kOk;
}

}  // namespace skissm

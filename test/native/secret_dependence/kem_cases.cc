#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "operation/curve25519.h"
#include "operation/kem.h"
#include "secret_dependence/cases.h"
#include "secret_dependence/secrets.h"

namespace skissm {
namespace {

/// Bytes of H(ek) and of z, which follow the public key inside an ML-KEM private key.
constexpr size_t kMlKemTail = 64;

/// Declares the secret parts of a private key secret: ML-KEM's and HQC's carry the public key.
void MarkPrivateKey(const KemScheme& scheme, MutableBytes private_key) {
  const std::string_view name = scheme.name;
  MarkSecret(private_key);
  if (name.starts_with("ML-KEM")) {
    const size_t length = scheme.private_key_length - scheme.public_key_length - kMlKemTail;
    MarkPublic(private_key.subspan(length, scheme.private_key_length - length - scheme.rejection_secret_length));
  } else if (name.starts_with("HQC")) {
    MarkPublic(private_key.last(scheme.public_key_length));
  }
}

/// A ciphertext made for the key, and one that was altered: it gives another secret.
bool Decapsulates(const KemScheme& scheme) {
  std::vector<uint8_t> public_key(scheme.public_key_length);
  std::vector<uint8_t> private_key(scheme.private_key_length);
  std::vector<uint8_t> ciphertext(scheme.ciphertext_length);
  std::vector<uint8_t> expected(scheme.shared_secret_length);
  std::vector<uint8_t> secret(scheme.shared_secret_length);
  std::vector<uint8_t> unrelated(scheme.shared_secret_length);
  if (KemGenerateKeyPair(scheme, public_key, private_key) != Status::kOk) return false;
  if (KemEncapsulate(scheme, public_key, ciphertext, expected) != Status::kOk) return false;
  MarkPrivateKey(scheme, private_key);
  const Status decapsulating = Published(KemDecapsulate(scheme, private_key, ciphertext, secret));
  ciphertext.front() ^= 1;
  const Status rejecting = Published(KemDecapsulate(scheme, private_key, ciphertext, unrelated));
  MarkPublic(secret);
  MarkPublic(unrelated);
  return decapsulating == Status::kOk && secret == expected && rejecting == Status::kOk && unrelated != expected;
}

bool Agrees() {
  std::array<uint8_t, kX25519Length> private_key;
  std::array<uint8_t, kX25519Length> public_key;
  std::array<uint8_t, kX25519Length> their_private_key;
  std::array<uint8_t, kX25519Length> their_public_key;
  std::array<uint8_t, kX25519Length> secret;
  std::array<uint8_t, kX25519Length> their_secret;
  X25519GenerateKeyPair(their_public_key, their_private_key);
  X25519GenerateKeyPair(public_key, private_key);
  MarkSecret(private_key);
  X25519PublicKey(private_key, public_key);
  const Status status = Published(X25519(private_key, their_public_key, secret));
  MarkPublic(public_key);
  MarkPublic(secret);
  return status == Status::kOk && X25519(their_private_key, public_key, their_secret) == Status::kOk &&
         secret == their_secret;
}

}  // namespace

std::vector<Case> KemCases() {
  std::vector<Case> cases = {{"X25519 agreement", Agrees}};
  for (const KemScheme& scheme : KemSchemes()) {
    cases.push_back({std::string(scheme.name) + " decapsulation", [&scheme] { return Decapsulates(scheme); }});
  }
  return cases;
}

}  // namespace skissm

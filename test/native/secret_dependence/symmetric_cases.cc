#include <algorithm>
#include <array>
#include <cstdint>

#include "accelerated/processor.h"
#include "operation/aead.h"
#include "operation/chain.h"
#include "operation/hash.h"
#include "secret_dependence/cases.h"
#include "secret_dependence/secrets.h"

namespace skissm {
namespace {

/// Eight blocks at a time, a whole one and a part of one.
constexpr size_t kTextLength = 8 * 16 + 16 + 5;

/// What AES-256-GCM runs on.
enum class Aes { kOurs, kMbedtls, kMbedtlsTables };

/// Chooses, for the time of its scope.
class RunsOn {
 public:
  explicit RunsOn(Aes aes) {
    AllowAcceleration(aes == Aes::kOurs);
    LetMbedtlsUseInstructions(aes != Aes::kMbedtlsTables);
  }
  RunsOn(const RunsOn&) = delete;
  RunsOn& operator=(const RunsOn&) = delete;
  ~RunsOn() {
    AllowAcceleration(true);
    LetMbedtlsUseInstructions(true);
  }
};

template <size_t N>
std::array<uint8_t, N> Secret(uint8_t first) {
  std::array<uint8_t, N> bytes;
  for (size_t i = 0; i < N; ++i) bytes[i] = static_cast<uint8_t>(first + i);
  MarkSecret(bytes);
  return bytes;
}

/// Seals, opens, and refuses what was altered. An IV of 12 bytes is a counter, one of 16 is hashed.
template <size_t kIvLength>
bool SealsAndOpens(Aes aes) {
  const RunsOn runs(aes);
  const auto key = Secret<kAeadKeyLength>(1);
  const auto iv = Secret<kIvLength>(2);
  const auto associated_data = Secret<kTextLength>(3);
  auto text = Secret<kTextLength>(4);
  std::array<uint8_t, kTextLength + kAeadTagLength> sealed;
  std::array<uint8_t, kTextLength> opened;
  const Status sealing = Published(AeadSeal(key, iv, associated_data, text, sealed));
  MarkPublic(sealed);
  const Status opening = Published(AeadOpen(key, iv, associated_data, sealed, opened));
  MarkPublic(opened);
  MarkPublic(text);
  sealed.back() ^= 1;
  std::array<uint8_t, kTextLength> refused;
  const Status refusing = Published(AeadOpen(key, iv, associated_data, sealed, refused));
  return sealing == Status::kOk && opening == Status::kOk && opened == text && refusing == Status::kNotAuthentic;
}

/// Sends and receives a message, three positions further on.
bool StepsChain(const HashAlgorithm& hash) {
  constexpr uint32_t kSteps = 3;
  std::vector<uint8_t> chain_key(hash.digest_length, 7);
  std::vector<uint8_t> walked(hash.digest_length);
  std::vector<uint8_t> next(hash.digest_length);
  std::vector<uint8_t> their_next(hash.digest_length);
  MarkSecret(chain_key);
  auto text = Secret<kTextLength>(8);
  std::array<uint8_t, kTextLength + kAeadTagLength> sealed;
  std::array<uint8_t, kTextLength> opened;
  if (Published(ChainWalk(hash, chain_key, kSteps, walked)) != Status::kOk) return false;
  if (Published(ChainSeal(hash, walked, {}, text, sealed, next)) != Status::kOk) return false;
  MarkPublic(sealed);
  const Status status = Published(ChainOpen(hash, chain_key, kSteps, {}, sealed, opened, their_next));
  for (const Bytes bytes : {Bytes(opened), Bytes(text), Bytes(next), Bytes(their_next)}) MarkPublic(bytes);
  return status == Status::kOk && opened == text && next == their_next;
}

/// A key longer than a block is hashed first; the output is longer than a digest.
bool DerivesKeys(const HashAlgorithm& hash) {
  const auto ikm = Secret<kTextLength>(9);
  const auto salt = Secret<kTextLength>(10);
  std::array<uint8_t, 2 * kLongestDigest + 1> out;
  const bool good = Published(Hkdf(hash, ikm, salt, {}, out));
  MarkPublic(out);
  return good && std::ranges::count(out, 0) < std::ssize(out);
}

}  // namespace

std::vector<Case> SymmetricCases() {
  std::vector<Case> cases;
  for (const auto& [aes, name] : {std::pair{Aes::kOurs, "on AES-NI"}, std::pair{Aes::kMbedtls, "in mbed TLS on AES-NI"},
                                  std::pair{Aes::kMbedtlsTables, "in mbed TLS with tables"}}) {
    const auto run = [aes] { return SealsAndOpens<12>(aes) && SealsAndOpens<16>(aes); };
    cases.push_back(
        {std::string("AES-256-GCM ") + name, run, aes == Aes::kMbedtlsTables || CurrentAcceleration().aes_gcm});
  }
  for (const HashAlgorithm& hash : HashAlgorithms()) {
    cases.push_back({std::string(hash.name) + " chain steps", [&hash] { return StepsChain(hash); }});
    cases.push_back({std::string(hash.name) + " HKDF", [&hash] { return DerivesKeys(hash); }});
  }
  return cases;
}

}  // namespace skissm

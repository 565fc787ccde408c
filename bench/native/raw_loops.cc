// Loops over the primitives, timed in C++: what the cryptography of a step costs without JavaScript around it. The
// schemes' C functions are called directly. The checks of keys that belong to a KEM's operations (FIPS 203, 7.2 and
// 7.3) are a part of them where an operation is measured on its own; handshakes and ratchet steps go without. The chain
// steps are those of native/operation. Linked with the very objects of the shipped addon. Never packed.

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <vector>

#include "accelerated/processor.h"
#include "binding/export.h"
#include "binding/throw.h"
#include "memory/secret_buffer.h"
#include "operation/aead.h"
#include "operation/chain.h"
#include "operation/curve25519.h"
#include "operation/hash.h"
#include "random/random.h"

namespace skissm {
namespace {

constexpr uint32_t kMostIterations = 100'000'000;
constexpr uint32_t kLongestText = 1U << 30;

using Buffer = std::vector<uint8_t>;

Buffer RandomBuffer(size_t size) {
  Buffer buffer(size);
  if (!buffer.empty()) FillRandom(buffer);
  return buffer;
}

/// Seconds that `count` calls of `body` take.
template <typename Body>
double Seconds(uint32_t count, Body body) {
  const auto start = std::chrono::steady_clock::now();
  for (uint32_t i = 0; i < count; ++i) body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The next argument if it is one of `names`; otherwise the call is refused.
std::string_view ReadName(Call& call, std::span<const std::string_view> names) {
  std::array<char, 16> text;
  size_t length = 0;
  if (napi_get_value_string_utf8(call.env(), call.Next(), text.data(), text.size(), &length) == napi_ok) {
    const auto found = std::ranges::find(names, std::string_view(text.data(), length));
    if (found != names.end()) return *found;
  }
  call.Refuse(Status::kArgumentType, "operation");
  return {};
}

/// A key pair and one encapsulation to it.
struct KemKeys {
  explicit KemKeys(const KemScheme& kem)
      : public_key(kem.public_key_length),
        private_key(kem.private_key_length),
        ciphertext(kem.ciphertext_length),
        shared_secret(kem.shared_secret_length),
        scheme(kem) {
    Generate();
    Encapsulate();
  }

  void Generate() { scheme.generate(public_key.data(), private_key.data()); }
  void Encapsulate() { scheme.encapsulate(ciphertext.data(), shared_secret.data(), public_key.data()); }
  void Decapsulate() { scheme.decapsulate(shared_secret.data(), ciphertext.data(), private_key.data()); }
  /// Encapsulate() with the check of the public key; whether it is valid.
  bool CheckAndEncapsulate() {
    if (!scheme.is_valid_public_key(public_key)) return false;
    Encapsulate();
    return true;
  }
  /// Decapsulate() with the check of the private key; whether it is valid.
  bool CheckAndDecapsulate() {
    if (!scheme.is_valid_private_key(private_key)) return false;
    Decapsulate();
    return true;
  }

  Buffer public_key;
  Buffer private_key;
  Buffer ciphertext;
  Buffer shared_secret;
  const KemScheme& scheme;
};

/// A key pair and a message signed with it.
struct SignatureKeys {
  SignatureKeys(const SignatureScheme& signature_scheme, Buffer text)
      : public_key(signature_scheme.public_key_length),
        private_key(signature_scheme.private_key_length),
        message(std::move(text)),
        signature(signature_scheme.signature_length),
        scheme(signature_scheme) {
    Generate();
    Sign();
  }

  void Generate() { scheme.generate(public_key.data(), private_key.data()); }
  void Sign() { scheme.sign(signature.data(), &length, message.data(), message.size(), private_key.data()); }
  bool Verify() {
    return scheme.verify(signature.data(), length, message.data(), message.size(), public_key.data()) == 0;
  }

  Buffer public_key;
  Buffer private_key;
  Buffer message;
  Buffer signature;
  size_t length = 0;
  const SignatureScheme& scheme;
};

/// A message on its way from one end of a chain to the other.
struct ChainMessage {
  ChainMessage(size_t associated_data_length, size_t plaintext_length)
      : associated_data(RandomBuffer(associated_data_length)),
        plaintext(RandomBuffer(plaintext_length)),
        sealed(plaintext_length + kAeadTagLength),
        opened(plaintext_length) {}

  void Seal(MutableBytes chain_key) {
    std::array<uint8_t, kSha256.digest_length> next;
    good = ChainSeal(kSha256, chain_key, associated_data, plaintext, sealed, next) == Status::kOk && good;
    std::ranges::copy(next, chain_key.begin());
  }
  void Open(MutableBytes chain_key) {
    std::array<uint8_t, kSha256.digest_length> next;
    good = ChainOpen(kSha256, chain_key, 0, associated_data, sealed, opened, next) == Status::kOk && good;
    std::ranges::copy(next, chain_key.begin());
  }

  Buffer associated_data;
  Buffer plaintext;
  Buffer sealed;
  Buffer opened;
  bool good = true;
};

constexpr std::array<uint8_t, 4> kRootInfo = {'R', 'O', 'O', 'T'};
constexpr std::array<uint8_t, 7> kRatchetInfo = {'R', 'A', 'T', 'C', 'H', 'E', 'T'};

/// RK (32 bytes) || CK (32 bytes). Spec crypto.md 7.1.
struct Root {
  bool Start(Bytes secret) {
    constexpr std::array<uint8_t, 32> kZero{};
    return Hkdf(kSha256, secret, kZero, kRootInfo, keys);
  }
  bool Step(Bytes shared_secret) {
    std::array<uint8_t, 32> salt;
    std::copy_n(keys.begin(), salt.size(), salt.begin());
    return Hkdf(kSha256, shared_secret, salt, kRatchetInfo, keys);
  }
  MutableBytes chain_key() { return MutableBytes(keys).subspan(32); }

  std::array<uint8_t, 64> keys{};
};

/// Ends a loop: its time, or an error if the parts did not fit together.
void Report(Call& call, double seconds, bool good) {
  call.Finish(good ? Status::kOk : Status::kCryptoFailed);
  call.Return(seconds);
}

void RawKem(Call& call) {
  constexpr std::array<std::string_view, 3> kNames = {"keygen", "encaps", "decaps"};
  const KemScheme& scheme = call.Kem();
  const std::string_view name = ReadName(call, kNames);
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  KemKeys keys(scheme);
  const Buffer expected = keys.shared_secret;
  keys.Decapsulate();
  bool good = keys.shared_secret == expected;
  double seconds = 0;
  if (name == "keygen") seconds = Seconds(count, [&] { keys.Generate(); });
  if (name == "encaps") seconds = Seconds(count, [&] { good = keys.CheckAndEncapsulate() && good; });
  if (name == "decaps") seconds = Seconds(count, [&] { good = keys.CheckAndDecapsulate() && good; });
  Report(call, seconds, good);
}

void RawSignature(Call& call) {
  constexpr std::array<std::string_view, 3> kNames = {"keygen", "sign", "verify"};
  const SignatureScheme& scheme = call.Signature();
  const std::string_view name = ReadName(call, kNames);
  const uint32_t message_length = call.Count("messageLength", 0, kLongestText);
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  SignatureKeys keys(scheme, RandomBuffer(message_length));
  bool good = keys.Verify();
  if (name == "keygen") Report(call, Seconds(count, [&] { keys.Generate(); }), good);
  if (name == "sign") Report(call, Seconds(count, [&] { keys.Sign(); }), good);
  if (name == "verify") {
    const double seconds = Seconds(count, [&] { good = keys.Verify() && good; });
    Report(call, seconds, good);
  }
}

void RawX25519(Call& call) {
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  std::array<uint8_t, kX25519Length> public_key;
  std::array<uint8_t, kX25519Length> private_key;
  std::array<uint8_t, kX25519Length> shared_secret;
  X25519GenerateKeyPair(public_key, private_key);
  bool good = true;
  const double seconds =
      Seconds(count, [&] { good = X25519(private_key, public_key, shared_secret) == Status::kOk && good; });
  Report(call, seconds, good);
}

void RawAead(Call& call) {
  const uint32_t associated_data_length = call.Count("associatedDataLength", 0, kLongestText);
  const uint32_t plaintext_length = call.Count("plaintextLength", 0, kLongestText);
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  const Buffer key = RandomBuffer(kAeadKeyLength);
  const Buffer iv = RandomBuffer(16);
  const Buffer associated_data = RandomBuffer(associated_data_length);
  const Buffer plaintext = RandomBuffer(plaintext_length);
  Buffer sealed(plaintext_length + kAeadTagLength);
  bool good = true;
  const double seconds =
      Seconds(count, [&] { good = AeadSeal(key, iv, associated_data, plaintext, sealed) == Status::kOk && good; });
  Report(call, seconds, good);
}

void RawSha256(Call& call) {
  const uint32_t length = call.Count("dataLength", 0, kLongestText);
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  const Buffer data = RandomBuffer(length);
  std::array<uint8_t, kSha256.digest_length> digest;
  bool good = true;
  const double seconds = Seconds(count, [&] { good = Hash(kSha256, {data}, digest) && good; });
  Report(call, seconds, good);
}

void RawHmacSha256(Call& call) {
  const uint32_t length = call.Count("dataLength", 0, kLongestText);
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  const Buffer key = RandomBuffer(kSha256.digest_length);
  const Buffer data = RandomBuffer(length);
  std::array<uint8_t, kSha256.digest_length> code;
  bool good = true;
  const double seconds = Seconds(count, [&] {
    Hmac hmac(kSha256);
    good = hmac.SetKey(key) && hmac.Compute({data}, code) && good;
  });
  Report(call, seconds, good);
}

void RawRoundtrip(Call& call) {
  const uint32_t associated_data_length = call.Count("associatedDataLength", 0, kLongestText);
  const uint32_t plaintext_length = call.Count("plaintextLength", 0, kLongestText);
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  ChainMessage message(associated_data_length, plaintext_length);
  Buffer sending = RandomBuffer(kSha256.digest_length);
  Buffer receiving = sending;
  const double seconds = Seconds(count, [&] {
    message.Seal(sending);
    message.Open(receiving);
  });
  Report(call, seconds, message.good && message.opened == message.plaintext);
}

void RawPingpong(Call& call) {
  const KemScheme& scheme = call.Kem();
  const uint32_t associated_data_length = call.Count("associatedDataLength", 0, kLongestText);
  const uint32_t plaintext_length = call.Count("plaintextLength", 0, kLongestText);
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  ChainMessage message(associated_data_length, plaintext_length);
  KemKeys keys(scheme);
  Root sender;
  Root receiver;
  // The sender's new chain: an encapsulation to the receiver's key, then STEP.
  const auto start_chain = [&] {
    keys.Encapsulate();
    message.good = sender.Step(keys.shared_secret) && message.good;
  };
  start_chain();
  const double seconds = Seconds(count, [&] {
    message.Seal(sender.chain_key());
    keys.Decapsulate();
    message.good = receiver.Step(keys.shared_secret) && message.good;
    message.Open(receiver.chain_key());
    start_chain();
  });
  Report(call, seconds, message.good && message.opened == message.plaintext);
}

/// One handshake of both sides, spec crypto.md 6.1 and 7.2.
class Handshake {
 public:
  Handshake(const KemScheme& kem, const SignatureScheme& signature, bool one_time_pre_key)
      : one_time_(one_time_pre_key),
        alice_identity_(kem),
        bob_identity_(kem),
        signed_pre_key_(kem),
        one_time_pre_key_(kem),
        base_(kem),
        signing_(signature, signed_pre_key_.public_key) {}

  /// Whether both sides agree.
  bool Run() {
    // Alice, from the bundle.
    bool good = signing_.Verify();
    bob_identity_.Encapsulate();
    signed_pre_key_.Encapsulate();
    if (one_time_) one_time_pre_key_.Encapsulate();
    base_.Generate();
    Buffer alice_secret = Concatenated();
    // Bob, from the invitation.
    alice_identity_.Encapsulate();
    bob_identity_.Decapsulate();
    signed_pre_key_.Decapsulate();
    if (one_time_) one_time_pre_key_.Decapsulate();
    good = bob_.Start(Concatenated()) && good;
    base_.Encapsulate();
    // Alice, from the acceptance.
    alice_identity_.Decapsulate();
    std::ranges::copy(alice_identity_.shared_secret, alice_secret.begin());
    good = alice_.Start(alice_secret) && alice_.keys == bob_.keys && good;
    signed_pre_key_.Encapsulate();
    return alice_.Step(signed_pre_key_.shared_secret) && good;
  }

 private:
  [[nodiscard]] Buffer Concatenated() const {
    Buffer secret;
    const auto add = [&secret](const KemKeys& keys) {
      secret.insert(secret.end(), keys.shared_secret.begin(), keys.shared_secret.end());
    };
    add(alice_identity_);
    add(bob_identity_);
    add(signed_pre_key_);
    if (one_time_) add(one_time_pre_key_);
    return secret;
  }

  bool one_time_;
  KemKeys alice_identity_;
  KemKeys bob_identity_;
  KemKeys signed_pre_key_;
  KemKeys one_time_pre_key_;
  KemKeys base_;
  SignatureKeys signing_;
  Root alice_;
  Root bob_;
};

void RawHandshake(Call& call) {
  const SignatureScheme& signature = call.Signature();
  const KemScheme& kem = call.Kem();
  bool one_time_pre_key = false;
  if (napi_get_value_bool(call.env(), call.Next(), &one_time_pre_key) != napi_ok) {
    call.Refuse(Status::kArgumentType, "oneTimePreKey");
  }
  const uint32_t count = call.Count("n", 1, kMostIterations);
  if (!call.Accept()) return;
  Handshake handshake(kem, signature, one_time_pre_key);
  bool good = true;
  const double seconds = Seconds(count, [&] { good = handshake.Run() && good; });
  Report(call, seconds, good);
}

constexpr Export kExports[] = {
    {"rawKem", Exported<RawKem>},
    {"rawSignature", Exported<RawSignature>},
    {"rawX25519", Exported<RawX25519>},
    {"rawAead", Exported<RawAead>},
    {"rawSha256", Exported<RawSha256>},
    {"rawHmacSha256", Exported<RawHmacSha256>},
    {"rawRoundtrip", Exported<RawRoundtrip>},
    {"rawPingpong", Exported<RawPingpong>},
    {"rawHandshake", Exported<RawHandshake>},
};

}  // namespace

std::span<const Export> ExtraExports() {
  // What is measured against is mbed TLS, in this module only.
  AllowAcceleration(false);
  return kExports;
}

}  // namespace skissm

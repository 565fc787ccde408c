#include "operation/chain.h"

#include <algorithm>
#include <array>

#include "memory/secret_buffer.h"
#include "operation/aead.h"
#include "operation/hash.h"

namespace skissm {
namespace {

constexpr std::array<uint8_t, 1> kNextInput = {0x02};
constexpr std::array<uint8_t, 11> kMessageKeysInfo = {'M', 'e', 's', 's', 'a', 'g', 'e', 'K', 'e', 'y', 's'};

/// The contexts of one chain operation, and its derivations.
class Chain {
 public:
  explicit Chain(const HashAlgorithm& hash) : salt_(hash), key_(hash) {}

  /// out = NEXT(chain_key); `out` may be `chain_key`.
  bool Next(Bytes chain_key, MutableBytes out) { return key_.SetKey(chain_key) && key_.Compute({kNextInput}, out); }

  /// Replaces `chain_key` by NEXT of itself, `steps` times.
  bool Walk(MutableBytes chain_key, uint32_t steps) {
    for (uint32_t i = 0; i < steps; ++i) {
      if (!Next(chain_key, chain_key)) return false;
    }
    return true;
  }

  /// out = MSGKEY(chain_key). The two steps of HKDF, so that the salt's blocks are hashed once.
  bool MessageKey(Bytes chain_key, MutableBytes out) {
    SecretArray<kLongestDigest> memory;
    const MutableBytes extracted = memory.bytes().first(chain_key.size());
    if (!salt_set_) salt_set_ = salt_.SetKey({});
    return salt_set_ && salt_.Compute({chain_key}, extracted) && key_.SetKey(extracted) &&
           key_.Expand(kMessageKeysInfo, out);
  }

 private:
  /// Of no bytes, which HMAC fills up with zeros as it does the zero bytes of the formula.
  Hmac salt_;
  Hmac key_;
  bool salt_set_ = false;
};

/// A chain key on its way; wiped at the end of its scope.
class CurrentKey {
 public:
  explicit CurrentKey(Bytes chain_key) : length_(chain_key.size()) { std::ranges::copy(chain_key, memory_.data()); }

  [[nodiscard]] MutableBytes bytes() { return memory_.bytes().first(length_); }

 private:
  SecretArray<kLongestDigest> memory_;
  size_t length_;
};

/// Wipes the outputs unless the operation went well.
Status Ended(Status status, MutableBytes first, MutableBytes second = {}) {
  if (status != Status::kOk) {
    Wipe(first);
    Wipe(second);
  }
  return status;
}

Bytes KeyOf(Bytes message_key) {
  return message_key.first(kAeadKeyLength);
}

Bytes IvOf(Bytes message_key) {
  return message_key.subspan(kAeadKeyLength);
}

}  // namespace

Status ChainWalk(const HashAlgorithm& hash, Bytes chain_key, uint32_t steps, MutableBytes out) {
  Chain chain(hash);
  std::ranges::copy(chain_key, out.begin());
  return Ended(chain.Walk(out, steps) ? Status::kOk : Status::kCryptoFailed, out);
}

Status ChainMessageKeys(const HashAlgorithm& hash, Bytes chain_key, MutableBytes keys) {
  Chain chain(hash);
  CurrentKey current(chain_key);
  for (MutableBytes rest = keys; !rest.empty(); rest = rest.subspan(kMessageKeyLength)) {
    if (!chain.MessageKey(current.bytes(), rest.first(kMessageKeyLength)) ||
        !chain.Next(current.bytes(), current.bytes())) {
      return Ended(Status::kCryptoFailed, keys);
    }
  }
  return Status::kOk;
}

Status ChainSeal(const HashAlgorithm& hash, Bytes chain_key, Bytes associated_data, Bytes plaintext,
                 MutableBytes sealed, MutableBytes next_chain_key) {
  Chain chain(hash);
  SecretArray<kMessageKeyLength> message_key;
  if (!chain.MessageKey(chain_key, message_key.bytes()) || !chain.Next(chain_key, next_chain_key)) {
    return Ended(Status::kCryptoFailed, sealed, next_chain_key);
  }
  const Status status =
      AeadSeal(KeyOf(message_key.bytes()), IvOf(message_key.bytes()), associated_data, plaintext, sealed);
  return Ended(status, sealed, next_chain_key);
}

Status ChainOpen(const HashAlgorithm& hash, Bytes chain_key, uint32_t steps, Bytes associated_data, Bytes sealed,
                 MutableBytes plaintext, MutableBytes next_chain_key) {
  Chain chain(hash);
  CurrentKey current(chain_key);
  SecretArray<kMessageKeyLength> message_key;
  if (!chain.Walk(current.bytes(), steps) || !chain.MessageKey(current.bytes(), message_key.bytes()) ||
      !chain.Next(current.bytes(), next_chain_key)) {
    return Ended(Status::kCryptoFailed, plaintext, next_chain_key);
  }
  const Status status =
      AeadOpen(KeyOf(message_key.bytes()), IvOf(message_key.bytes()), associated_data, sealed, plaintext);
  return Ended(status, plaintext, next_chain_key);
}

}  // namespace skissm

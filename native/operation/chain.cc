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
constexpr std::array<uint8_t, 1> kFirstBlock = {1};
constexpr std::array<uint8_t, 1> kSecondBlock = {2};
constexpr std::array<uint8_t, kSha256Length> kZeroSalt{};

/// The contexts of one chain operation, and its three derivations.
class Chain {
 public:
  /// out = NEXT(chain_key); `out` may be `chain_key`.
  bool Next(Bytes chain_key, MutableBytes out) { return key_.SetKey(chain_key) && key_.Compute({kNextInput}, out); }

  /// Replaces `chain_key` by NEXT of itself, `steps` times.
  bool Walk(MutableBytes chain_key, uint32_t steps) {
    for (uint32_t i = 0; i < steps; ++i) {
      if (!Next(chain_key, chain_key)) return false;
    }
    return true;
  }

  /// out = MSGKEY(chain_key). HKDF written out, so that the salt's and the extracted key's blocks are hashed once.
  bool MessageKey(Bytes chain_key, MutableBytes out) {
    SecretArray<kSha256Length> extracted;
    SecretArray<kSha256Length> second;
    const MutableBytes first = out.first(kSha256Length);
    if (!salt_set_) salt_set_ = salt_.SetKey(kZeroSalt);
    if (!salt_set_ || !salt_.Compute({chain_key}, extracted.bytes()) || !key_.SetKey(extracted.bytes()) ||
        !key_.Compute({kMessageKeysInfo, kFirstBlock}, first) ||
        !key_.Compute({first, kMessageKeysInfo, kSecondBlock}, second.bytes())) {
      return false;
    }
    std::ranges::copy(second.bytes().first(kMessageKeyLength - kSha256Length), out.begin() + kSha256Length);
    return true;
  }

 private:
  HmacSha256 salt_;
  HmacSha256 key_;
  bool salt_set_ = false;
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

Status ChainWalk(Bytes chain_key, uint32_t steps, MutableBytes out) {
  Chain chain;
  std::ranges::copy(chain_key, out.begin());
  return Ended(chain.Walk(out, steps) ? Status::kOk : Status::kCryptoFailed, out);
}

Status ChainMessageKeys(Bytes chain_key, MutableBytes keys) {
  Chain chain;
  SecretArray<kChainKeyLength> current;
  std::ranges::copy(chain_key, current.data());
  for (MutableBytes rest = keys; !rest.empty(); rest = rest.subspan(kMessageKeyLength)) {
    if (!chain.MessageKey(current.bytes(), rest.first(kMessageKeyLength)) ||
        !chain.Next(current.bytes(), current.bytes())) {
      return Ended(Status::kCryptoFailed, keys);
    }
  }
  return Status::kOk;
}

Status ChainSeal(Bytes chain_key, Bytes associated_data, Bytes plaintext, MutableBytes sealed,
                 MutableBytes next_chain_key) {
  Chain chain;
  SecretArray<kMessageKeyLength> message_key;
  if (!chain.MessageKey(chain_key, message_key.bytes()) || !chain.Next(chain_key, next_chain_key)) {
    return Ended(Status::kCryptoFailed, sealed, next_chain_key);
  }
  const Status status =
      AeadSeal(KeyOf(message_key.bytes()), IvOf(message_key.bytes()), associated_data, plaintext, sealed);
  return Ended(status, sealed, next_chain_key);
}

Status ChainOpen(Bytes chain_key, uint32_t steps, Bytes associated_data, Bytes sealed, MutableBytes plaintext,
                 MutableBytes next_chain_key) {
  Chain chain;
  SecretArray<kChainKeyLength> current;
  SecretArray<kMessageKeyLength> message_key;
  std::ranges::copy(chain_key, current.data());
  if (!chain.Walk(current.bytes(), steps) || !chain.MessageKey(current.bytes(), message_key.bytes()) ||
      !chain.Next(current.bytes(), next_chain_key)) {
    return Ended(Status::kCryptoFailed, plaintext, next_chain_key);
  }
  const Status status =
      AeadOpen(KeyOf(message_key.bytes()), IvOf(message_key.bytes()), associated_data, sealed, plaintext);
  return Ended(status, plaintext, next_chain_key);
}

}  // namespace skissm

#include "operation/status.h"

namespace skissm {
namespace {

struct Words {
  const char* code;
  const char* meaning;
};

Words WordsOf(Status status) {
  switch (status) {
    case Status::kOk:
      return {"ok", "no failure"};
    case Status::kArgumentType:
      return {"argument-type", "an argument has a wrong type"};
    case Status::kArgumentLength:
      return {"argument-length", "an argument has a wrong length"};
    case Status::kArgumentOverlap:
      return {"argument-overlap", "an output shares memory with another argument"};
    case Status::kArgumentRange:
      return {"argument-range", "a number is out of its range"};
    case Status::kUnknownScheme:
      return {"unknown-scheme", "no such algorithm"};
    case Status::kBadPublicKey:
      return {"bad-public-key", "the public key is not valid for its algorithm"};
    case Status::kBadPrivateKey:
      return {"bad-private-key", "the private key is not valid for its algorithm"};
    case Status::kZeroSharedSecret:
      return {"zero-shared-secret", "the key agreement gave zero"};
    case Status::kNotAuthentic:
      return {"not-authentic", "the authentication tag does not match"};
    case Status::kCryptoFailed:
      return {"crypto-failed", "the cryptographic library reported a failure"};
    case Status::kRandomExhausted:
      return {"random-exhausted", "the queue of given random bytes is too short"};
  }
  return {"crypto-failed", "unknown status"};
}

}  // namespace

const char* CodeOf(Status status) {
  return WordsOf(status).code;
}

const char* MeaningOf(Status status) {
  return WordsOf(status).meaning;
}

}  // namespace skissm

#ifndef SKISSM_OPERATION_STATUS_H_
#define SKISSM_OPERATION_STATUS_H_

#include <cstdint>

namespace skissm {

/// How an operation ended. Everything but `kOk` reaches JavaScript as an Error with the code that CodeOf() gives.
enum class Status : uint8_t {
  kOk,
  kArgumentType,
  kArgumentLength,
  kArgumentOverlap,
  kArgumentRange,
  kUnknownScheme,
  kBadPublicKey,
  kBadPrivateKey,
  kZeroSharedSecret,
  kNotAuthentic,
  kCryptoFailed,
  kRandomExhausted,
};

/// The stable code of a failure, for example `argument-length`; `ok` for success.
[[nodiscard]] const char* CodeOf(Status status);

/// What a failure means, in words and without contents.
[[nodiscard]] const char* MeaningOf(Status status);

}  // namespace skissm

#endif  // SKISSM_OPERATION_STATUS_H_

#ifndef SKISSM_TEST_SECRET_DEPENDENCE_SECRETS_H_
#define SKISSM_TEST_SECRET_DEPENDENCE_SECRETS_H_

#include "memory/bytes.h"

namespace skissm {

// What memcheck is told. It follows undefined bits through every computation, and reports a branch or an address that
// depends on one: so a secret is memory that is declared undefined.

/// Declares the content of `bytes` secret, or public again.
void MarkSecret(Bytes bytes);
void MarkPublic(Bytes bytes);

/// A result, which the caller may know.
template <typename T>
[[nodiscard]] T Published(T value) {
  MarkPublic({reinterpret_cast<const uint8_t*>(&value), sizeof(value)});
  return value;
}

/// What is drawn from now on is secret, or public as at first.
void MarkDrawsSecret(bool secret);

/// Whether the program runs under valgrind: otherwise nothing is ever found.
[[nodiscard]] bool IsWatched();

/// Writes a line between valgrind's reports.
void Tell(const char* line);

/// Lets mbed TLS use the instructions of the processor, as it does at first, or its tables.
void LetMbedtlsUseInstructions(bool allowed);

}  // namespace skissm

#endif  // SKISSM_TEST_SECRET_DEPENDENCE_SECRETS_H_

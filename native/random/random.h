#ifndef SKISSM_RANDOM_RANDOM_H_
#define SKISSM_RANDOM_RANDOM_H_

#include "memory/bytes.h"

namespace skissm {

/// Fills `out` with random bytes. `system.cc` takes them from the operating system and aborts the process if that
/// fails; `queued.cc`, the testing build, takes them from a queue of given bytes.
void FillRandom(MutableBytes out);

/// Whether a draw on this thread found the testing build's queue too short, since the last call. What was produced
/// meanwhile is worthless. Always false with the system's generator.
[[nodiscard]] bool TakeRandomExhausted();

}  // namespace skissm

#endif  // SKISSM_RANDOM_RANDOM_H_

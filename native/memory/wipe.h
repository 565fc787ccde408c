#ifndef SKISSM_MEMORY_WIPE_H_
#define SKISSM_MEMORY_WIPE_H_

#include <cstring>

#include "memory/bytes.h"

namespace skissm {

/// Overwrites `bytes` with zeros. The barrier tells the compiler that somebody reads them, so the stores stay.
inline void Wipe(MutableBytes bytes) {
  if (bytes.empty()) return;
  std::memset(bytes.data(), 0, bytes.size());
  asm volatile("" : : "r"(bytes.data()) : "memory");
}

}  // namespace skissm

#endif  // SKISSM_MEMORY_WIPE_H_

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "random/random.h"

namespace skissm {
namespace {

/// getentropy() refuses longer requests. It is getrandom() without flags on Linux, and exists on macOS too.
constexpr size_t kLongestRequest = 256;

}  // namespace

void FillRandom(MutableBytes out) {
  while (!out.empty()) {
    const MutableBytes part = out.first(std::min(out.size(), kLongestRequest));
    // PQClean ignores its random source's result: going on with whatever is in memory would give away every key.
    if (getentropy(part.data(), part.size()) != 0) std::abort();
    out = out.subspan(part.size());
  }
}

bool TakeRandomExhausted() {
  return false;
}

}  // namespace skissm

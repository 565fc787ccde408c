#include "secret_dependence/secrets.h"

#include <valgrind/memcheck.h>

namespace skissm {

void MarkSecret(Bytes bytes) {
  VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
}

void MarkPublic(Bytes bytes) {
  VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
}

bool IsWatched() {
  return RUNNING_ON_VALGRIND != 0;
}

void Tell(const char* line) {
  VALGRIND_PRINTF("%s\n", line);
}

}  // namespace skissm

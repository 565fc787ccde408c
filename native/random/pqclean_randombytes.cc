extern "C" {
#include "randombytes.h"
}

#include "random/random.h"

/// The random source of every PQClean scheme (its header renames `randombytes`).
int randombytes(uint8_t* output, size_t n) {
  skissm::FillRandom({output, n});
  return 0;
}

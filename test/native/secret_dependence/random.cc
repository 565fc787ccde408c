#include "random/random.h"

#include "operation/keccak.h"
#include "secret_dependence/secrets.h"

namespace skissm {
namespace {

bool draws_are_secret = false;
uint64_t draws = 0;

}  // namespace

void MarkDrawsSecret(bool secret) {
  draws_are_secret = secret;
}

/// SHAKE256 of the number of the draw: the same keys and the same attempts in every run.
void FillRandom(MutableBytes out) {
  ++draws;
  Keccak stream(kShake256Rate, KeccakDomain::kShake);
  stream.Update({reinterpret_cast<const uint8_t*>(&draws), sizeof(draws)});
  stream.Finish(out);
  if (draws_are_secret) MarkSecret(out);
}

bool TakeRandomExhausted() {
  return false;
}

}  // namespace skissm

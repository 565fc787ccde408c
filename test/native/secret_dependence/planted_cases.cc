#include <array>
#include <cstdint>

#include "secret_dependence/cases.h"
#include "secret_dependence/secrets.h"

namespace skissm {
namespace {

/// Keeps the compiler from computing without the branch or the address.
volatile uint8_t sink = 0;

bool BranchesOnSecret() {
  std::array<uint8_t, 1> secret = {5};
  MarkSecret(secret);
  if (secret[0] > 4) sink = 1;
  return true;
}

bool LooksUpBySecret() {
  static volatile uint8_t table[256] = {};
  std::array<uint8_t, 1> secret = {5};
  MarkSecret(secret);
  sink = table[secret[0]];
  return true;
}

}  // namespace

std::vector<Case> PlantedCases() {
  return {{"a branch on a secret byte", BranchesOnSecret}, {"a look-up by a secret byte", LooksUpBySecret}};
}

}  // namespace skissm

// Runs operations on secrets under valgrind's memcheck, as told by the command line: `planted`, or what the names of
// the cases begin with; without either, all cases. One line per case: ok, wrong or skipped, and its name, which also
// stands in valgrind's report before what was found in it.

#include <cstdio>
#include <string_view>

#include "accelerated/build.h"
#include "accelerated/processor.h"
#include "secret_dependence/cases.h"
#include "secret_dependence/secrets.h"

/// The linker's name for the first byte of the program.
extern "C" const char __executable_start;

namespace skissm {
namespace {

/// Where the program was loaded: addresses in reports are relative to that for who looks up their functions.
void TellStart() {
  char line[64];
  std::snprintf(line, sizeof(line), "starts at %p", static_cast<const void*>(&__executable_start));
  Tell(line);
}

std::vector<Case> AllCases() {
  std::vector<Case> cases = SymmetricCases();
  for (const auto& more : {KemCases(), SignatureCases()}) cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

bool IsWanted(const Case& one, int count, char** wanted) {
  for (int i = 0; i < count; ++i) {
    if (one.name.starts_with(wanted[i])) return true;
  }
  return count == 0;
}

int Main(int count, char** wanted) {
  if (!IsWatched()) {
    std::fputs("run this under valgrind\n", stderr);
    return 2;
  }
  if (CurrentBuild().four_way_keccak && !RunsX8664V3()) {
    std::printf("skipped everything: the processor lacks AVX2 or BMI2\n");
    return 0;
  }
  TellStart();
  const bool planted = count > 0 && std::string_view(wanted[0]) == "planted";
  const std::vector<Case> cases = planted ? PlantedCases() : AllCases();
  for (const Case& one : cases) {
    if (!planted && !IsWanted(one, count, wanted)) continue;
    if (!one.possible) {
      std::printf("skipped %s\n", one.name.c_str());
      continue;
    }
    Tell(("case " + one.name).c_str());
    const bool right = one.run();
    std::printf("%s %s\n", right ? "ok" : "wrong", one.name.c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace skissm

int main(int argc, char** argv) {
  return skissm::Main(argc - 1, argv + 1);
}

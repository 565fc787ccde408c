#ifndef SKISSM_TEST_SECRET_DEPENDENCE_CASES_H_
#define SKISSM_TEST_SECRET_DEPENDENCE_CASES_H_

#include <functional>
#include <string>
#include <vector>

namespace skissm {

/// One operation on secrets. `run` says whether its result was the right one.
struct Case {
  std::string name;
  std::function<bool()> run;
  /// Whether the processor has what it needs.
  bool possible = true;
};

[[nodiscard]] std::vector<Case> KemCases();
[[nodiscard]] std::vector<Case> SignatureCases();
[[nodiscard]] std::vector<Case> SymmetricCases();
/// Programs with a leak, which must be found.
[[nodiscard]] std::vector<Case> PlantedCases();

}  // namespace skissm

#endif  // SKISSM_TEST_SECRET_DEPENDENCE_CASES_H_

#ifndef SKISSM_ACCELERATED_BUILD_H_
#define SKISSM_ACCELERATED_BUILD_H_

namespace skissm {

/// What this module was compiled for: `portable_build.cc` or `x86_64_v3_build.cc` is linked.
struct Build {
  const char* name;
  /// Whether ML-KEM and ML-DSA expand their seeds four streams at a time.
  bool four_way_keccak;
};

[[nodiscard]] Build CurrentBuild();

}  // namespace skissm

#endif  // SKISSM_ACCELERATED_BUILD_H_

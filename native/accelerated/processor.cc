#include "accelerated/processor.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace skissm {
namespace {

Acceleration DetectAcceleration() {
#if defined(__x86_64__)
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return {false, false};
  const bool has_sse = (ecx & bit_SSSE3) != 0 && (ecx & bit_SSE4_1) != 0;
  const bool has_aes = (ecx & bit_AES) != 0 && (ecx & bit_PCLMUL) != 0;
  const bool has_sha = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & bit_SHA) != 0;
  return {has_sse && has_aes, has_sse && has_sha};
#else
  return {false, false};
#endif
}

std::atomic<bool>& IsAllowed() {
  static std::atomic<bool> allowed = [] {
    const char* wish = std::getenv("SKISSM_NATIVE");
    return wish == nullptr || std::string_view(wish) != "portable";
  }();
  return allowed;
}

#if defined(__x86_64__)
// Bits of CPUID by leaf and register: what the psABI counts to the third level, and OSXSAVE, which allows XGETBV.
/// SSE3, SSSE3, FMA, CMPXCHG16B, SSE4.1, SSE4.2, MOVBE, POPCNT, OSXSAVE, AVX, F16C.
constexpr unsigned kLeaf1Ecx = 1U << 0 | 1U << 9 | 1U << 12 | 1U << 13 | 1U << 19 | 1U << 20 | 1U << 22 | 1U << 23 |
                               1U << 27 | 1U << 28 | 1U << 29;
/// BMI1, AVX2, BMI2.
constexpr unsigned kLeaf7Ebx = 1U << 3 | 1U << 5 | 1U << 8;
constexpr unsigned kExtendedLeaf = 0x80000001;
/// LAHF, LZCNT.
constexpr unsigned kExtendedEcx = 1U << 0 | 1U << 5;
/// In XCR0: the system saves the SSE and the AVX registers.
constexpr unsigned kSavedRegisters = 1U << 1 | 1U << 2;
#endif

}  // namespace

bool RunsX8664V3() {
#if defined(__x86_64__)
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kLeaf1Ecx) != kLeaf1Ecx) return false;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (ebx & kLeaf7Ebx) != kLeaf7Ebx) return false;
  if (__get_cpuid(kExtendedLeaf, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kExtendedEcx) != kExtendedEcx) return false;
  asm("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return (eax & kSavedRegisters) == kSavedRegisters;
#else
  return false;
#endif
}

Acceleration CurrentAcceleration() {
  static const Acceleration kDetected = DetectAcceleration();
  if (IsAllowed().load(std::memory_order_relaxed)) return kDetected;
  return {false, false};
}

void AllowAcceleration(bool allowed) {
  IsAllowed().store(allowed, std::memory_order_relaxed);
}

}  // namespace skissm

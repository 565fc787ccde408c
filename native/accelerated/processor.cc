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

}  // namespace

Acceleration CurrentAcceleration() {
  static const Acceleration kDetected = DetectAcceleration();
  if (IsAllowed().load(std::memory_order_relaxed)) return kDetected;
  return {false, false};
}

void AllowAcceleration(bool allowed) {
  IsAllowed().store(allowed, std::memory_order_relaxed);
}

}  // namespace skissm

#include "binding/byte_array.h"

#include <functional>

#include "binding/environment.h"

namespace skissm {
namespace {

/// Memory pages are at least this large on every platform.
constexpr uintptr_t kPageMask = 4096 - 1;

/// What empty arrays point to: C functions may be given no null pointer, even with length 0.
uint8_t empty_target[1];

/// The engine reserves whole pages for a resizable buffer and takes the others from the heap, hardly ever at a page's
/// start. So the question, which costs a call into JavaScript's built-ins, is rarely asked.
bool MayBeResizable(const void* buffer_start) {
  return (reinterpret_cast<uintptr_t>(buffer_start) & kPageMask) == 0;
}

}  // namespace

std::optional<MutableBytes> BytesOf(napi_env env, napi_value value) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  size_t offset = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, &offset) != napi_ok) return std::nullopt;
  if (type != napi_uint8_array) return std::nullopt;
  // False for a SharedArrayBuffer.
  bool unshared = false;
  if (napi_is_arraybuffer(env, buffer, &unshared) != napi_ok || !unshared) return std::nullopt;
  if (MayBeResizable(static_cast<uint8_t*>(data) - offset) && Environment::Of(env).IsResizable(env, buffer)) {
    return std::nullopt;
  }
  if (length == 0) {
    bool detached = false;
    if (napi_is_detached_arraybuffer(env, buffer, &detached) != napi_ok || detached) return std::nullopt;
    return MutableBytes(empty_target, 0);
  }
  return MutableBytes(static_cast<uint8_t*>(data), length);
}

bool Overlap(Bytes a, Bytes b) {
  const std::less<> before;
  return !a.empty() && !b.empty() && before(a.data(), b.data() + b.size()) && before(b.data(), a.data() + a.size());
}

}  // namespace skissm

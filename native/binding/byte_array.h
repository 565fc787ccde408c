#ifndef SKISSM_BINDING_BYTE_ARRAY_H_
#define SKISSM_BINDING_BYTE_ARRAY_H_

#include <node_api.h>

#include <optional>

#include "memory/bytes.h"

namespace skissm {

/// The memory of `value` if it is a Uint8Array (a Node Buffer is one) over an attached, unshared ArrayBuffer of fixed
/// length. Valid until JavaScript runs again. The pointer is never null, not even for an empty array.
[[nodiscard]] std::optional<MutableBytes> BytesOf(napi_env env, napi_value value);

/// Whether two byte strings share memory.
[[nodiscard]] bool Overlap(Bytes a, Bytes b);

}  // namespace skissm

#endif  // SKISSM_BINDING_BYTE_ARRAY_H_

#ifndef SKISSM_BINDING_EXPORT_H_
#define SKISSM_BINDING_EXPORT_H_

#include <node_api.h>

#include <span>

#include "binding/call.h"

namespace skissm {

/// One function that JavaScript sees.
struct Export {
  const char* name;
  napi_callback callback;
};

/// Makes a Node-API callback of a function over a Call.
template <void (*Function)(Call&)>
napi_value Exported(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Function(call);
  return call.result();
}

// The export tables, one per family of primitives.
std::span<const Export> AccelerationExports();
std::span<const Export> AeadExports();
std::span<const Export> BatchExports();
std::span<const Export> ChainExports();
std::span<const Export> HashExports();
std::span<const Export> KemExports();
std::span<const Export> MemoryExports();
std::span<const Export> SignatureExports();
std::span<const Export> X25519Exports();

/// What a module exports beyond the above: nothing when shipped, the random queue in the testing build, timing loops in
/// the benchmark build.
std::span<const Export> ExtraExports();

}  // namespace skissm

#endif  // SKISSM_BINDING_EXPORT_H_

// Joins the export tables; nothing else.

#include <napi.h>

#include "binding/environment.h"
#include "binding/export.h"

NAPI_MODULE_INIT() {
  skissm::Environment::Create(env);
  for (const std::span<const skissm::Export> table :
       {skissm::AccelerationExports(), skissm::MemoryExports(), skissm::KemExports(), skissm::SignatureExports(),
        skissm::X25519Exports(), skissm::AeadExports(), skissm::HashExports(), skissm::ChainExports(),
        skissm::BatchExports(), skissm::ExtraExports()}) {
    for (const skissm::Export& row : table) {
      napi_value function = nullptr;
      if (napi_create_function(env, row.name, NAPI_AUTO_LENGTH, row.callback, nullptr, &function) != napi_ok ||
          napi_set_named_property(env, exports, row.name, function) != napi_ok) {
        Napi::Error::New(env, "skissm: cannot create its exports").ThrowAsJavaScriptException();
        return nullptr;
      }
    }
  }
  return exports;
}

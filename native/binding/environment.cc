#include "binding/environment.h"

namespace skissm {

void Environment::Create(Napi::Env env) {
  auto* state = new Environment();
  const Napi::Object global = env.Global();
  const Napi::Object prototype = global.Get("ArrayBuffer").As<Napi::Object>().Get("prototype").As<Napi::Object>();
  const Napi::Function describe =
      global.Get("Object").As<Napi::Object>().Get("getOwnPropertyDescriptor").As<Napi::Function>();
  const Napi::Value descriptor = describe.Call({prototype, Napi::String::New(env, "resizable")});
  if (descriptor.IsObject()) {
    state->resizable_getter_ = Napi::Persistent(descriptor.As<Napi::Object>().Get("get").As<Napi::Function>());
  }
  env.SetInstanceData(state);
}

Environment& Environment::Of(napi_env env) {
  return *Napi::Env(env).GetInstanceData<Environment>();
}

bool Environment::IsResizable(napi_env env, napi_value buffer) const {
  // An engine without the property has no such buffers.
  if (resizable_getter_.IsEmpty()) return false;
  napi_value answer = nullptr;
  bool resizable = true;
  if (napi_call_function(env, buffer, resizable_getter_.Value(), 0, nullptr, &answer) != napi_ok) return true;
  if (napi_get_value_bool(env, answer, &resizable) != napi_ok) return true;
  return resizable;
}

}  // namespace skissm

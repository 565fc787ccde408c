#ifndef SKISSM_BINDING_ENVIRONMENT_H_
#define SKISSM_BINDING_ENVIRONMENT_H_

#include <napi.h>

namespace skissm {

/// What the addon keeps per JavaScript environment (main thread or worker); there is no state beside it.
class Environment {
 public:
  /// Creates the state of `env`; called once, when the addon is loaded there.
  static void Create(Napi::Env env);
  static Environment& Of(napi_env env);

  /// Whether the ArrayBuffer `buffer` can change its length.
  [[nodiscard]] bool IsResizable(napi_env env, napi_value buffer) const;

 private:
  /// The engine's own getter of ArrayBuffer.prototype.resizable: Node-API has no call for it, and a property read
  /// could be answered by a property that somebody put on the buffer.
  Napi::FunctionReference resizable_getter_;
};

}  // namespace skissm

#endif  // SKISSM_BINDING_ENVIRONMENT_H_

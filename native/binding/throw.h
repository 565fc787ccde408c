#ifndef SKISSM_BINDING_THROW_H_
#define SKISSM_BINDING_THROW_H_

#include <node_api.h>

#include <string>

#include "operation/length.h"
#include "operation/status.h"

namespace skissm {

/// Throws an Error with the code of `status` and a message, in `env`.
void ThrowCoded(napi_env env, Status status, const std::string& message);

/// Says how an argument's length is wrong.
[[nodiscard]] std::string LengthMessage(const std::string& argument, size_t given, Length allowed);

/// Says that an argument's type is wrong.
[[nodiscard]] std::string TypeMessage(const std::string& argument);

}  // namespace skissm

#endif  // SKISSM_BINDING_THROW_H_

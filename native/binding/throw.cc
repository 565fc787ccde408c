#include "binding/throw.h"

#include <napi.h>

namespace skissm {
namespace {

std::string LengthText(Length length) {
  std::string minimum = std::to_string(length.minimum);
  if (length.minimum == length.maximum) return minimum;
  if (length.maximum == Length::Any().maximum) return "at least " + minimum;
  return minimum + " to " + std::to_string(length.maximum);
}

}  // namespace

void ThrowCoded(napi_env env, Status status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, CodeOf(status)));
  error.ThrowAsJavaScriptException();
}

std::string LengthMessage(const std::string& argument, size_t given, Length allowed) {
  return argument + ": " + std::to_string(given) + " bytes given, " + LengthText(allowed) + " expected";
}

std::string TypeMessage(const std::string& argument) {
  return argument + ": expected a number, or a Uint8Array over an attached, unshared buffer of fixed length";
}

}  // namespace skissm

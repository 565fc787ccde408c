#include "binding/call.h"

#include <cmath>
#include <string>

#include "binding/byte_array.h"
#include "binding/throw.h"
#include "memory/wipe.h"

namespace skissm {

Call::Call(napi_env env, napi_callback_info info) : env_(env) {
  size_t count = kMostArguments;
  // Missing arguments are filled with undefined.
  napi_get_cb_info(env, info, &count, arguments_.data(), nullptr, nullptr);
}

napi_value Call::Next() {
  return arguments_[next_++];
}

void Call::Refuse(Status status, const char* name) {
  if (failure_.status == Status::kOk) failure_ = {status, name, 0, {0, 0}};
}

bool Call::ReadInteger(const char* name, double* value) {
  if (napi_get_value_double(env_, Next(), value) != napi_ok) {
    Refuse(Status::kArgumentType, name);
    return false;
  }
  return true;
}

template <typename Row>
const Row& Call::RowOf(const char* name, const Row* (*find)(double code)) {
  static constexpr Row kNone{};
  double code = 0;
  if (!ReadInteger(name, &code)) return kNone;
  const Row* row = find(code);
  if (row != nullptr) return *row;
  Refuse(Status::kUnknownScheme, name);
  return kNone;
}

const KemScheme& Call::Kem() {
  return RowOf("scheme", FindKemScheme);
}

const SignatureScheme& Call::Signature() {
  return RowOf("scheme", FindSignatureScheme);
}

const HashAlgorithm& Call::Hash() {
  return RowOf("hash", FindHashAlgorithm);
}

uint32_t Call::Count(const char* name, uint32_t minimum, uint32_t maximum) {
  double value = 0;
  if (!ReadInteger(name, &value)) return minimum;
  if (!(value >= minimum && value <= maximum) || value != std::floor(value)) {
    Refuse(Status::kArgumentRange, name);
    return minimum;
  }
  return static_cast<uint32_t>(value);
}

MutableBytes Call::Read(const char* name, Length length) {
  const std::optional<MutableBytes> bytes = BytesOf(env_, Next());
  if (!bytes) {
    Refuse(Status::kArgumentType, name);
    return {};
  }
  if (!length.Allows(bytes->size()) && failure_.status == Status::kOk) {
    failure_ = {Status::kArgumentLength, name, bytes->size(), length};
  }
  return *bytes;
}

Bytes Call::Input(const char* name, Length length) {
  const Bytes bytes = Read(name, length);
  inputs_[input_count_++] = bytes;
  return bytes;
}

MutableBytes Call::Output(const char* name, Length length) {
  const MutableBytes bytes = Read(name, length);
  output_names_[output_count_] = name;
  outputs_[output_count_++] = bytes;
  return bytes;
}

bool Call::Accept() {
  const char* overlapping = nullptr;
  for (size_t i = 0; i < output_count_; ++i) {
    for (size_t j = 0; j < input_count_; ++j) {
      if (Overlap(outputs_[i], inputs_[j])) overlapping = output_names_[i];
    }
    for (size_t j = 0; j < i; ++j) {
      if (Overlap(outputs_[i], outputs_[j])) overlapping = output_names_[i];
    }
  }
  if (overlapping != nullptr) {
    Refuse(Status::kArgumentOverlap, overlapping);
  } else if (failure_.status == Status::kOk) {
    return true;
  } else {
    WipeOutputs();
  }
  ThrowFailure();
  return false;
}

void Call::Finish(Status status) {
  if (status == Status::kOk) return;
  WipeOutputs();
  ThrowCoded(env_, status, MeaningOf(status));
}

void Call::WipeOutputs() {
  for (size_t i = 0; i < output_count_; ++i) Wipe(outputs_[i]);
}

void Call::ThrowFailure() {
  std::string message = std::string(failure_.name) + ": " + MeaningOf(failure_.status);
  if (failure_.status == Status::kArgumentType) message = TypeMessage(failure_.name);
  if (failure_.status == Status::kArgumentLength) {
    message = LengthMessage(failure_.name, failure_.given, failure_.allowed);
  }
  ThrowCoded(env_, failure_.status, message);
}

void Call::Return(bool value) {
  napi_get_boolean(env_, value, &result_);
}

void Call::Return(double value) {
  napi_create_double(env_, value, &result_);
}

}  // namespace skissm

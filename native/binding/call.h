#ifndef SKISSM_BINDING_CALL_H_
#define SKISSM_BINDING_CALL_H_

#include <node_api.h>

#include <array>

#include "memory/bytes.h"
#include "operation/length.h"
#include "operation/status.h"
#include "scheme/hash_algorithm.h"
#include "scheme/kem_scheme.h"
#include "scheme/signature_scheme.h"

namespace skissm {

/// One call from JavaScript: reads the arguments in their order, one line each, then lets the operation run.
///
/// The first argument that is wrong decides the error; reading goes on, so that outputs are found and zeroed. Neither
/// allocates nor runs JavaScript on the way to success.
class Call {
 public:
  Call(napi_env env, napi_callback_info info);

  /// The next argument as a KEM's code; an empty row when there is none such.
  [[nodiscard]] const KemScheme& Kem();
  /// The next argument as a signature scheme's code; an empty row when there is none such.
  [[nodiscard]] const SignatureScheme& Signature();
  /// The next argument as a hash function's code; an empty row when there is none such.
  [[nodiscard]] const HashAlgorithm& Hash();
  /// The next argument as an integer.
  [[nodiscard]] uint32_t Count(const char* name, uint32_t minimum, uint32_t maximum);
  /// The next argument as bytes to read.
  [[nodiscard]] Bytes Input(const char* name, Length length);
  /// The next argument as bytes to fill.
  [[nodiscard]] MutableBytes Output(const char* name, Length length);

  /// Whether every argument is right and no output shares memory with another argument. If not, the error is thrown
  /// and the outputs are zero; outputs that overlap are left alone, because they are somebody's input.
  [[nodiscard]] bool Accept();
  /// Ends the call: a failure zeroes the outputs and throws.
  void Finish(Status status);

  /// Makes the call fail because of its arguments, unless it already does.
  void Refuse(Status status, const char* name);

  void Return(bool value);
  void Return(double value);
  void Return(napi_value value) { result_ = value; }

  [[nodiscard]] napi_env env() const { return env_; }
  [[nodiscard]] napi_value result() const { return result_; }
  /// The next argument, unread.
  [[nodiscard]] napi_value Next();

 private:
  static constexpr size_t kMostArguments = 7;

  struct Failure {
    Status status = Status::kOk;
    const char* name = nullptr;
    size_t given = 0;
    Length allowed = {0, 0};
  };

  [[nodiscard]] MutableBytes Read(const char* name, Length length);
  [[nodiscard]] bool ReadInteger(const char* name, double* value);
  template <typename Row>
  [[nodiscard]] const Row& RowOf(const char* name, const Row* (*find)(double code));
  void WipeOutputs();
  void ThrowFailure();

  napi_env env_;
  napi_value result_ = nullptr;
  std::array<napi_value, kMostArguments> arguments_{};
  size_t next_ = 0;
  Failure failure_;
  std::array<Bytes, kMostArguments> inputs_;
  size_t input_count_ = 0;
  std::array<MutableBytes, kMostArguments> outputs_;
  std::array<const char*, kMostArguments> output_names_{};
  size_t output_count_ = 0;
};

}  // namespace skissm

#endif  // SKISSM_BINDING_CALL_H_

#ifndef SKISSM_OPERATION_BATCH_JOB_H_
#define SKISSM_OPERATION_BATCH_JOB_H_

#include <string_view>
#include <vector>

#include "memory/secret_buffer.h"
#include "operation/length.h"
#include "operation/status.h"
#include "scheme/hash_algorithm.h"
#include "scheme/kem_scheme.h"
#include "scheme/signature_scheme.h"

namespace skissm {

struct BatchOperation;

/// One piece of work for a thread of the pool, with its own copies of all memory it touches.
struct BatchJob {
  const BatchOperation* operation = nullptr;
  /// Set for the operations of its family.
  const KemScheme* kem = nullptr;
  const SignatureScheme* signature = nullptr;
  const HashAlgorithm* hash = nullptr;
  /// Steps or keys of a chain operation.
  uint32_t count = 0;
  std::vector<SecretBuffer> inputs;
  std::vector<SecretBuffer> outputs;
  Status status = Status::kOk;
  /// What the operation says beside its outputs.
  double value = 0;
};

/// The lengths of a job's inputs and outputs.
struct BatchLayout {
  std::vector<Length> inputs;
  std::vector<Length> outputs;
};

/// What `BatchJob::count` and the scheme mean to an operation.
enum class BatchFamily : uint8_t { kKem, kSignature, kChain };

/// A kind of job.
struct BatchOperation {
  std::string_view name;
  BatchFamily family;
  uint32_t least_count;
  BatchLayout (*layout)(const BatchJob& job);
  Status (*run)(BatchJob& job);
};

/// The operation of this name, or null.
[[nodiscard]] const BatchOperation* FindBatchOperation(std::string_view name);

}  // namespace skissm

#endif  // SKISSM_OPERATION_BATCH_JOB_H_

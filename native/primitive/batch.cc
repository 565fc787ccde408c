#include <node_api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binding/byte_array.h"
#include "binding/export.h"
#include "binding/throw.h"
#include "operation/batch_job.h"
#include "operation/chain.h"

// Jobs on the thread pool. A thread of the pool sees native copies only: inputs are copied at the call, outputs copied
// out on the main thread. Plain Node-API calls with checked results, because completion may run while the environment
// is being torn down and any of them may then fail.

namespace skissm {
namespace {

/// The most jobs of one batch: far above any use, small enough that handles and copies stay bounded.
constexpr uint32_t kMostJobs = 65536;

/// No operation has more outputs.
constexpr uint32_t kMostOutputs = 2;

/// Jobs on their way, and where their results go.
struct Batch {
  std::vector<BatchJob> jobs;
  /// A JavaScript array of all outputs, in order.
  napi_ref outputs = nullptr;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
};

/// A stretch of memory that a job names.
struct Stretch {
  Bytes bytes;
  bool is_output;
};

/// Reads the argument of runBatch().
class BatchReader {
 public:
  explicit BatchReader(napi_env env) : env_(env) {}

  /// Fills `batch`; otherwise an error is pending and all outputs that can be found are zero (but not those that
  /// overlap: they are somebody's input).
  bool Read(napi_value jobs, Batch* batch) {
    if (ReadJobs(jobs, batch) && !AnyOutputOverlaps()) return true;
    bool pending = false;
    // An exception of the caller's own getter comes first.
    if (napi_is_exception_pending(env_, &pending) != napi_ok || pending) return false;
    if (failure_ == Status::kOk) {
      Fail(Status::kArgumentOverlap, std::string("jobs: ") + MeaningOf(Status::kArgumentOverlap));
    } else if (!AnyOutputOverlaps()) {
      WipeOutputs(jobs);
    }
    ThrowCoded(env_, failure_, message_);
    return false;
  }

  [[nodiscard]] napi_value outputs() const { return outputs_; }

 private:
  bool Fail(Status status, const std::string& message) {
    failure_ = status;
    message_ = message;
    return false;
  }

  bool FailType(const std::string& name) { return Fail(Status::kArgumentType, TypeMessage(name)); }

  bool ReadJobs(napi_value jobs, Batch* batch) {
    uint32_t count = 0;
    if (!ReadArrayLength("jobs", jobs, &count)) return false;
    if (count > kMostJobs) return Fail(Status::kArgumentRange, "jobs: more than " + std::to_string(kMostJobs));
    if (napi_create_array(env_, &outputs_) != napi_ok) return FailType("jobs");
    batch->jobs.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
      const std::string name = "jobs[" + std::to_string(i) + "]";
      napi_value job = nullptr;
      if (napi_get_element(env_, jobs, i, &job) != napi_ok) return FailType(name);
      if (!ReadJob(name, job, &batch->jobs.emplace_back())) return false;
    }
    return true;
  }

  bool ReadArrayLength(const std::string& name, napi_value value, uint32_t* length) {
    bool is_array = false;
    if (napi_is_array(env_, value, &is_array) != napi_ok || !is_array ||
        napi_get_array_length(env_, value, length) != napi_ok) {
      return Fail(Status::kArgumentType, name + ": expected an array");
    }
    return true;
  }

  bool ReadProperty(const std::string& name, napi_value object, const char* property, napi_value* value) {
    return napi_get_named_property(env_, object, property, value) == napi_ok || FailType(name + "." + property);
  }

  bool ReadNumber(const std::string& name, napi_value object, const char* property, double* number) {
    napi_value value = nullptr;
    if (!ReadProperty(name, object, property, &value)) return false;
    if (napi_get_value_double(env_, value, number) == napi_ok) return true;
    return FailType(name + "." + property);
  }

  bool ReadOperation(const std::string& name, napi_value object, BatchJob* job) {
    napi_value value = nullptr;
    if (!ReadProperty(name, object, "operation", &value)) return false;
    std::array<char, 64> text;
    size_t length = 0;
    if (napi_get_value_string_utf8(env_, value, text.data(), text.size(), &length) == napi_ok) {
      job->operation = FindBatchOperation({text.data(), length});
    }
    if (job->operation != nullptr) return true;
    return Fail(Status::kArgumentType, name + ".operation: expected the name of an operation");
  }

  bool ReadScheme(const std::string& name, napi_value object, BatchJob* job) {
    double code = 0;
    if (!ReadNumber(name, object, "scheme", &code)) return false;
    switch (job->operation->family) {
      case BatchFamily::kKem:
        job->kem = FindKemScheme(code);
        break;
      case BatchFamily::kSignature:
        job->signature = FindSignatureScheme(code);
        break;
      case BatchFamily::kChain:
        job->hash = FindHashAlgorithm(code);
        break;
    }
    if (job->kem != nullptr || job->signature != nullptr) return true;
    if (job->hash != nullptr) return ReadCount(name, object, job);
    return Fail(Status::kUnknownScheme, name + ".scheme: " + MeaningOf(Status::kUnknownScheme));
  }

  bool ReadCount(const std::string& name, napi_value object, BatchJob* job) {
    double count = 0;
    if (!ReadNumber(name, object, "count", &count)) return false;
    if (!(count >= job->operation->least_count && count <= kMostChainSteps) || count != std::floor(count)) {
      return Fail(Status::kArgumentRange, name + ".count: " + MeaningOf(Status::kArgumentRange));
    }
    job->count = static_cast<uint32_t>(count);
    return true;
  }

  bool ReadJob(const std::string& name, napi_value object, BatchJob* job) {
    napi_valuetype type = napi_undefined;
    if (napi_typeof(env_, object, &type) != napi_ok || type != napi_object) {
      return Fail(Status::kArgumentType, name + ": expected an object");
    }
    return ReadOperation(name, object, job) && ReadScheme(name, object, job) &&
           ReadOutputs(name + ".outputs", object, job) && ReadInputs(name + ".inputs", object, job);
  }

  bool ReadInputs(const std::string& name, napi_value object, BatchJob* job) {
    return ReadEach(name, object, "inputs", job->operation->layout(*job).inputs, [&](napi_value, Bytes bytes) {
      stretches_.push_back({bytes, false});
      // Copied before any further JavaScript can run and change the memory.
      std::ranges::copy(bytes, job->inputs.emplace_back(bytes.size()).bytes().begin());
      return true;
    });
  }

  bool ReadOutputs(const std::string& name, napi_value object, BatchJob* job) {
    return ReadEach(name, object, "outputs", job->operation->layout(*job).outputs, [&](napi_value value, Bytes bytes) {
      stretches_.push_back({bytes, true});
      job->outputs.emplace_back(bytes.size());
      return napi_set_element(env_, outputs_, output_count_++, value) == napi_ok;
    });
  }

  template <typename Take>
  bool ReadEach(const std::string& name, napi_value object, const char* property, const std::vector<Length>& lengths,
                Take take) {
    napi_value array = nullptr;
    uint32_t count = 0;
    if (!ReadProperty(name, object, property, &array) || !ReadArrayLength(name, array, &count)) return false;
    if (count != lengths.size()) {
      return Fail(Status::kArgumentLength, name + ": " + std::to_string(count) + " entries given, " +
                                               std::to_string(lengths.size()) + " expected");
    }
    for (uint32_t i = 0; i < count; ++i) {
      const std::string entry = name + "[" + std::to_string(i) + "]";
      napi_value value = nullptr;
      if (napi_get_element(env_, array, i, &value) != napi_ok) return FailType(entry);
      const std::optional<MutableBytes> bytes = BytesOf(env_, value);
      if (!bytes) return FailType(entry);
      if (!lengths[i].Allows(bytes->size())) {
        return Fail(Status::kArgumentLength, LengthMessage(entry, bytes->size(), lengths[i]));
      }
      if (!take(value, *bytes)) return FailType(entry);
    }
    return true;
  }

  /// Whether an output shares memory with any other argument of the whole batch. Addresses are compared, never read.
  bool AnyOutputOverlaps() {
    std::erase_if(stretches_, [](const Stretch& stretch) { return stretch.bytes.empty(); });
    std::ranges::sort(stretches_, std::less<>{}, [](const Stretch& stretch) { return stretch.bytes.data(); });
    // The ends that matter: of anything before an output, of outputs before anything.
    const uint8_t* end = nullptr;
    const uint8_t* output_end = nullptr;
    for (const Stretch& stretch : stretches_) {
      const std::less<> before;
      if (before(stretch.bytes.data(), stretch.is_output ? end : output_end)) return true;
      const uint8_t* stretch_end = stretch.bytes.data() + stretch.bytes.size();
      end = std::max(end, stretch_end, before);
      if (stretch.is_output) output_end = std::max(output_end, stretch_end, before);
    }
    return false;
  }

  /// Zeroes every output of every job that has some, whatever else is wrong with it.
  void WipeOutputs(napi_value jobs) {
    uint32_t count = 0;
    if (napi_get_array_length(env_, jobs, &count) != napi_ok) return;
    for (uint32_t i = 0; i < std::min(count, kMostJobs); ++i) {
      napi_value job = nullptr;
      napi_value outputs = nullptr;
      uint32_t output_count = 0;
      if (napi_get_element(env_, jobs, i, &job) == napi_ok &&
          napi_get_named_property(env_, job, "outputs", &outputs) == napi_ok &&
          napi_get_array_length(env_, outputs, &output_count) == napi_ok) {
        for (uint32_t j = 0; j < std::min(output_count, kMostOutputs); ++j) WipeElement(outputs, j);
      }
      napi_value ignored = nullptr;
      napi_get_and_clear_last_exception(env_, &ignored);
    }
  }

  void WipeElement(napi_value array, uint32_t index) {
    napi_value value = nullptr;
    if (napi_get_element(env_, array, index, &value) != napi_ok) return;
    if (const std::optional<MutableBytes> bytes = BytesOf(env_, value)) Wipe(*bytes);
  }

  napi_env env_;
  Status failure_ = Status::kOk;
  std::string message_;
  napi_value outputs_ = nullptr;
  uint32_t output_count_ = 0;
  std::vector<Stretch> stretches_;
};

/// On a thread of the pool.
void RunJobs(napi_env, void* data) {
  for (BatchJob& job : static_cast<Batch*>(data)->jobs) job.status = job.operation->run(job);
}

/// Copies a job's outputs to where the caller wants them; false if that memory has gone meanwhile.
bool DeliverOutputs(napi_env env, napi_value outputs, uint32_t first, BatchJob& job) {
  bool good = true;
  for (size_t i = 0; i < job.outputs.size(); ++i) {
    napi_value value = nullptr;
    if (napi_get_element(env, outputs, first + static_cast<uint32_t>(i), &value) != napi_ok) return false;
    const std::optional<MutableBytes> target = BytesOf(env, value);
    const Bytes source = job.outputs[i].bytes();
    if (target && target->size() == source.size()) {
      std::ranges::copy(source, target->begin());
    } else {
      good = false;
    }
  }
  return good;
}

/// Delivers all outputs and makes the array of results.
bool DeliverBatch(napi_env env, Batch& batch, napi_value* results) {
  napi_value outputs = nullptr;
  if (napi_get_reference_value(env, batch.outputs, &outputs) != napi_ok ||
      napi_create_array_with_length(env, batch.jobs.size(), results) != napi_ok) {
    return false;
  }
  uint32_t first_output = 0;
  for (uint32_t i = 0; i < batch.jobs.size(); ++i) {
    BatchJob& job = batch.jobs[i];
    // A failed job's outputs are zero: they are delivered like any other.
    if (!DeliverOutputs(env, outputs, first_output, job) && job.status == Status::kOk) {
      job.status = Status::kArgumentType;
    }
    first_output += static_cast<uint32_t>(job.outputs.size());
    napi_value result = nullptr;
    const napi_status made = job.status == Status::kOk
                                 ? napi_create_double(env, job.value, &result)
                                 : napi_create_string_utf8(env, CodeOf(job.status), NAPI_AUTO_LENGTH, &result);
    if (made != napi_ok || napi_set_element(env, *results, i, result) != napi_ok) return false;
  }
  return true;
}

/// On the environment's own thread.
void CompleteBatch(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<Batch> batch(static_cast<Batch*>(data));
  napi_value results = nullptr;
  // When the environment is going away nobody waits for the promise any more, and these calls fail.
  if (status == napi_ok && DeliverBatch(env, *batch, &results)) {
    napi_resolve_deferred(env, batch->deferred, results);
  }
  napi_delete_reference(env, batch->outputs);
  napi_delete_async_work(env, batch->work);
}

void RunBatch(Call& call) {
  const napi_env env = call.env();
  auto batch = std::make_unique<Batch>();
  BatchReader reader(env);
  if (!reader.Read(call.Next(), batch.get())) return;
  napi_value name = nullptr;
  napi_value promise = nullptr;
  if (napi_create_string_utf8(env, "skissm.batch", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_reference(env, reader.outputs(), 1, &batch->outputs) != napi_ok ||
      napi_create_promise(env, &batch->deferred, &promise) != napi_ok ||
      napi_create_async_work(env, nullptr, name, RunJobs, CompleteBatch, batch.get(), &batch->work) != napi_ok ||
      napi_queue_async_work(env, batch->work) != napi_ok) {
    ThrowCoded(env, Status::kCryptoFailed, "the thread pool takes no more work");
    return;
  }
  static_cast<void>(batch.release());
  call.Return(promise);
}

constexpr Export kExports[] = {
    {"runBatch", Exported<RunBatch>},
};

}  // namespace

std::span<const Export> BatchExports() {
  return kExports;
}

}  // namespace skissm

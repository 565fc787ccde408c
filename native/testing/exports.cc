#include "accelerated/processor.h"
#include "binding/call.h"
#include "binding/export.h"
#include "random/queue.h"

namespace skissm {
namespace {

void Queue(Call& call) {
  const Bytes bytes = call.Input("bytes", Length::Any());
  if (call.Accept()) QueueRandom(bytes);
}

void QueuedLength(Call& call) {
  call.Return(static_cast<double>(QueuedRandomLength()));
}

void Clear(Call&) {
  ClearQueuedRandom();
}

void Allow(Call& call) {
  const uint32_t allowed = call.Count("allowed", 0, 1);
  if (call.Accept()) AllowAcceleration(allowed == 1);
}

constexpr Export kExports[] = {
    {"allowAcceleration", Exported<Allow>},
    {"queueRandom", Exported<Queue>},
    {"queuedRandomLength", Exported<QueuedLength>},
    {"clearQueuedRandom", Exported<Clear>},
};

}  // namespace

std::span<const Export> ExtraExports() {
  return kExports;
}

}  // namespace skissm

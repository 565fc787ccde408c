#include "binding/export.h"
#include "memory/wipe.h"
#include "random/random.h"

namespace skissm {
namespace {

void RandomFill(Call& call) {
  const MutableBytes out = call.Output("out", Length::AtLeast(1));
  if (!call.Accept()) return;
  FillRandom(out);
  call.Finish(TakeRandomExhausted() ? Status::kRandomExhausted : Status::kOk);
}

void WipeBytes(Call& call) {
  const MutableBytes bytes = call.Output("bytes", Length::Any());
  if (call.Accept()) Wipe(bytes);
}

constexpr Export kExports[] = {
    {"randomFill", Exported<RandomFill>},
    {"wipe", Exported<WipeBytes>},
};

}  // namespace

std::span<const Export> MemoryExports() {
  return kExports;
}

}  // namespace skissm

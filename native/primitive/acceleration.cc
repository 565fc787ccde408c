#include <napi.h>

#include "accelerated/build.h"
#include "accelerated/processor.h"
#include "binding/export.h"

namespace skissm {
namespace {

void TellAcceleration(Call& call) {
  const Acceleration current = CurrentAcceleration();
  const Build build = CurrentBuild();
  Napi::Object row = Napi::Object::New(call.env());
  row.Set("build", Napi::String::New(call.env(), build.name));
  row.Set("fourWayKeccak", Napi::Boolean::New(call.env(), build.four_way_keccak));
  row.Set("aesGcm", Napi::Boolean::New(call.env(), current.aes_gcm));
  row.Set("sha256", Napi::Boolean::New(call.env(), current.sha256));
  call.Return(static_cast<napi_value>(row));
}

void TellRunsX8664V3(Call& call) {
  call.Return(RunsX8664V3());
}

constexpr Export kExports[] = {
    {"acceleration", Exported<TellAcceleration>},
    {"runsX8664V3", Exported<TellRunsX8664V3>},
};

}  // namespace

std::span<const Export> AccelerationExports() {
  return kExports;
}

}  // namespace skissm

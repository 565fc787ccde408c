#include <napi.h>

#include "accelerated/processor.h"
#include "binding/export.h"

namespace skissm {
namespace {

void TellAcceleration(Call& call) {
  const Acceleration current = CurrentAcceleration();
  Napi::Object row = Napi::Object::New(call.env());
  row.Set("aesGcm", Napi::Boolean::New(call.env(), current.aes_gcm));
  row.Set("sha256", Napi::Boolean::New(call.env(), current.sha256));
  call.Return(static_cast<napi_value>(row));
}

constexpr Export kExports[] = {
    {"acceleration", Exported<TellAcceleration>},
};

}  // namespace

std::span<const Export> AccelerationExports() {
  return kExports;
}

}  // namespace skissm

#include "binding/export.h"

namespace skissm {

std::span<const Export> ExtraExports() {
  return {};
}

}  // namespace skissm

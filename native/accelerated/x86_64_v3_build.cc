#include "accelerated/build.h"

namespace skissm {

Build CurrentBuild() {
  return {"x86-64-v3", true};
}

}  // namespace skissm

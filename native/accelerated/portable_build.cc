#include "accelerated/build.h"

namespace skissm {

Build CurrentBuild() {
  return {"portable", false};
}

}  // namespace skissm

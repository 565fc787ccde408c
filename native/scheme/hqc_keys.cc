#include "scheme/hqc_keys.h"

namespace skissm {

template <size_t N>
bool IsValidHqcPublicKey(Bytes public_key) {
  static_assert(N % 8 != 0);
  return public_key.back() >> (N % 8) == 0;
}

template <size_t N>
bool IsValidHqcPrivateKey(Bytes private_key) {
  return IsValidHqcPublicKey<N>(private_key);
}

template bool IsValidHqcPublicKey<17669>(Bytes);
template bool IsValidHqcPublicKey<35851>(Bytes);
template bool IsValidHqcPublicKey<57637>(Bytes);
template bool IsValidHqcPrivateKey<17669>(Bytes);
template bool IsValidHqcPrivateKey<35851>(Bytes);
template bool IsValidHqcPrivateKey<57637>(Bytes);

}  // namespace skissm

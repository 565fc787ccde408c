#ifndef SKISSM_FOUR_WAY_ML_DSA_SAMPLING_H_
#define SKISSM_FOUR_WAY_ML_DSA_SAMPLING_H_

#include <span>

#include "four_way/sampling.h"
#include "memory/bytes.h"

namespace skissm {

/// Polynomials of the matrix, uniform below q. RejNTTPoly, FIPS 204, Algorithm 30; the suffix of the entry in row r and
/// column s is s || r.
void MlDsaSampleUniform(Bytes rho, std::span<const Sample<int32_t>> samples);

/// Polynomials of the secrets, uniform from -`Eta` to `Eta`, which is 2 or 4. RejBoundedPoly, FIPS 204, Algorithm 31;
/// the suffix has two bytes.
template <int32_t Eta>
void MlDsaSampleShort(Bytes seed, std::span<const Sample<int32_t>> samples);

/// Polynomials of the mask, uniform from -gamma1 + 1 to gamma1 = 2^(`Bits` - 1). ExpandMask, FIPS 204, Algorithm 34;
/// the suffix has two bytes.
template <size_t Bits>
void MlDsaSampleMask(Bytes seed, std::span<const Sample<int32_t>> samples);

}  // namespace skissm

#endif  // SKISSM_FOUR_WAY_ML_DSA_SAMPLING_H_

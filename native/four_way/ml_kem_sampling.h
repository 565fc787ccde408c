#ifndef SKISSM_FOUR_WAY_ML_KEM_SAMPLING_H_
#define SKISSM_FOUR_WAY_ML_KEM_SAMPLING_H_

#include <span>

#include "four_way/sampling.h"
#include "memory/bytes.h"

namespace skissm {

/// Polynomials of the matrix, uniform below q. SampleNTT, FIPS 203, Algorithm 7; the suffix of the entry in row i and
/// column j is j || i.
void MlKemSampleUniform(Bytes rho, std::span<const Sample<int16_t>> samples);

/// Noise, from the centered binomial distribution of `Eta` 2 or 3. PRF and SamplePolyCBD, FIPS 203 §4.1 and Algorithm
/// 8; the suffix is one byte.
template <size_t Eta>
void MlKemSampleNoise(Bytes seed, std::span<const Sample<int16_t>> samples);

}  // namespace skissm

#endif  // SKISSM_FOUR_WAY_ML_KEM_SAMPLING_H_

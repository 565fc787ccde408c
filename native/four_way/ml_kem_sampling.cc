#include "four_way/ml_kem_sampling.h"

#include <cstring>

namespace skissm {
namespace {

constexpr uint32_t kModulus = 3329;
/// 504 bytes hold 336 numbers of 12 bits, of which 273 are below q on average.
constexpr size_t kUniformBlocks = 3;

/// Two numbers of 12 bits in three bytes; those below q are coefficients. Written first and counted then: no branch
/// depends on the number.
size_t AcceptBelowModulus(Bytes bytes, int16_t* coefficients, size_t accepted) {
  const auto number = [&bytes](size_t at, size_t shift) {
    return (bytes[at] | static_cast<uint32_t>(bytes[at + 1]) << 8) >> shift & 0xfff;
  };
  size_t at = 0;
  for (; accepted < kCoefficients - 1 && at < bytes.size(); at += 3) {
    for (const uint32_t candidate : {number(at, 0), number(at + 1, 4)}) {
      coefficients[accepted] = static_cast<int16_t>(candidate);
      accepted += candidate < kModulus ? 1 : 0;
    }
  }
  // The last place takes the first of two, or the second.
  for (; accepted < kCoefficients && at < bytes.size(); at += 3) {
    for (const uint32_t candidate : {number(at, 0), number(at + 1, 4)}) {
      if (accepted == kCoefficients || candidate >= kModulus) continue;
      coefficients[accepted++] = static_cast<int16_t>(candidate);
    }
  }
  return accepted;
}

/// Each coefficient is the sum of `Eta` bits less the sum of the next `Eta`.
template <size_t Eta>
void CenteredBinomial(Bytes bytes, int16_t* coefficients) {
  // A word of whole bytes and whole coefficients: 32 bits hold 8, 24 bits hold 4.
  constexpr size_t kWordLength = Eta == 2 ? 4 : 3;
  constexpr size_t kPerWord = 8 * kWordLength / (2 * Eta);
  constexpr uint32_t kEveryEtaBits = Eta == 2 ? 0x55555555 : 0x249249;
  constexpr uint32_t kSum = (1U << Eta) - 1;
  for (size_t word = 0; word < kCoefficients / kPerWord; ++word) {
    uint32_t bits = 0;
    std::memcpy(&bits, bytes.data() + word * kWordLength, kWordLength);
    uint32_t sums = 0;
    for (size_t i = 0; i < Eta; ++i) sums += bits >> i & kEveryEtaBits;
    for (size_t i = 0; i < kPerWord; ++i) {
      const uint32_t plus = sums >> (2 * Eta * i) & kSum;
      const uint32_t minus = sums >> (2 * Eta * i + Eta) & kSum;
      coefficients[word * kPerWord + i] = static_cast<int16_t>(plus - minus);
    }
  }
}

}  // namespace

void MlKemSampleUniform(Bytes rho, std::span<const Sample<int16_t>> samples) {
  SampleByRejection<kShake128Rate, kUniformBlocks>(rho, 2, samples, AcceptBelowModulus);
}

template <size_t Eta>
void MlKemSampleNoise(Bytes seed, std::span<const Sample<int16_t>> samples) {
  constexpr size_t kBlocks = (64 * Eta + kShake256Rate - 1) / kShake256Rate;
  SampleDirectly<kShake256Rate, kBlocks>(seed, 1, samples, CenteredBinomial<Eta>);
}

template void MlKemSampleNoise<2>(Bytes, std::span<const Sample<int16_t>>);
template void MlKemSampleNoise<3>(Bytes, std::span<const Sample<int16_t>>);

}  // namespace skissm

#include "four_way/ml_dsa_sampling.h"

#include <cstring>

namespace skissm {
namespace {

constexpr uint32_t kModulus = 8380417;
/// 840 bytes hold 280 numbers of 23 bits; one in a thousand is not below q.
constexpr size_t kUniformBlocks = 5;
/// 544 half-bytes, of which 510 (Eta 2) or 306 (Eta 4) are taken on average.
constexpr size_t kShortBlocks = 2;

/// Numbers of 23 bits in three bytes; those below q are coefficients. CoeffFromThreeBytes, FIPS 204, Algorithm 14.
size_t AcceptBelowModulus(Bytes bytes, int32_t* coefficients, size_t accepted) {
  for (size_t at = 0; accepted < kCoefficients && at < bytes.size(); at += 3) {
    const uint32_t number = bytes[at] | static_cast<uint32_t>(bytes[at + 1]) << 8 | (bytes[at + 2] & 0x7fU) << 16;
    coefficients[accepted] = static_cast<int32_t>(number);
    accepted += number < kModulus ? 1 : 0;
  }
  return accepted;
}

/// The coefficient of a half-byte that is taken: 2 - (b mod 5), or 4 - b. CoeffFromHalfByte, FIPS 204, Algorithm 15.
template <int32_t Eta>
int32_t CoefficientOf(uint32_t half) {
  // 205 / 1024 is a fifth closely enough for half a byte.
  if constexpr (Eta == 2) half -= (half * 205 >> 10) * 5;
  return Eta - static_cast<int32_t>(half);
}

/// Half-bytes below 15 (Eta 2) or 9 (Eta 4) make coefficients. Written first and counted then: no branch depends on a
/// half-byte, which is secret, but on how many were taken.
template <int32_t Eta>
size_t AcceptShort(Bytes bytes, int32_t* coefficients, size_t accepted) {
  constexpr uint32_t kBound = Eta == 2 ? 15 : 9;
  for (size_t at = 0; accepted < kCoefficients && at < 2 * bytes.size(); ++at) {
    const uint32_t half = bytes[at / 2] >> (at % 2 * 4) & 0x0f;
    coefficients[accepted] = CoefficientOf<Eta>(half);
    accepted += half < kBound ? 1 : 0;
  }
  return accepted;
}

/// Numbers of `Bits` bits, each subtracted from gamma1. BitUnpack, FIPS 204, Algorithm 19.
template <size_t Bits>
void UnpackMask(Bytes bytes, int32_t* coefficients) {
  constexpr int32_t kGamma1 = 1 << (Bits - 1);
  constexpr uint32_t kMask = (1U << Bits) - 1;
  for (size_t i = 0; i < kCoefficients; ++i) {
    uint32_t word = 0;
    std::memcpy(&word, bytes.data() + i * Bits / 8, sizeof(word));
    coefficients[i] = kGamma1 - static_cast<int32_t>(word >> (i * Bits % 8) & kMask);
  }
}

}  // namespace

void MlDsaSampleUniform(Bytes rho, std::span<const Sample<int32_t>> samples) {
  SampleByRejection<kShake128Rate, kUniformBlocks>(rho, 2, samples, AcceptBelowModulus);
}

template <int32_t Eta>
void MlDsaSampleShort(Bytes seed, std::span<const Sample<int32_t>> samples) {
  SampleByRejection<kShake256Rate, kShortBlocks>(seed, 2, samples, AcceptShort<Eta>);
}

template <size_t Bits>
void MlDsaSampleMask(Bytes seed, std::span<const Sample<int32_t>> samples) {
  constexpr size_t kBlocks = (kCoefficients * Bits / 8 + kShake256Rate - 1) / kShake256Rate;
  SampleDirectly<kShake256Rate, kBlocks>(seed, 2, samples, UnpackMask<Bits>);
}

template void MlDsaSampleShort<2>(Bytes, std::span<const Sample<int32_t>>);
template void MlDsaSampleShort<4>(Bytes, std::span<const Sample<int32_t>>);
template void MlDsaSampleMask<18>(Bytes, std::span<const Sample<int32_t>>);
template void MlDsaSampleMask<20>(Bytes, std::span<const Sample<int32_t>>);

}  // namespace skissm

#ifndef SKISSM_FOUR_WAY_SAMPLING_H_
#define SKISSM_FOUR_WAY_SAMPLING_H_

#include <algorithm>
#include <array>
#include <span>

#include "four_way/shake.h"
#include "memory/secret_buffer.h"

namespace skissm {

/// Coefficients of a polynomial of ML-KEM or ML-DSA.
inline constexpr size_t kCoefficients = 256;

/// A polynomial to sample: where its coefficients go, and the bytes that follow the seed in its input.
template <typename Coefficient>
struct Sample {
  Coefficient* coefficients;
  uint16_t suffix;
};

/// Blocks of the four streams, wiped at the end of their scope.
template <size_t kRate, size_t kBlocks>
class StreamBlocks {
 public:
  /// Takes the next `blocks` blocks of each stream, kBlocks at most.
  void Take(FourWayShake<kRate>& shake, size_t blocks) {
    shake.Squeeze(ways_.value().front().bytes.data(), sizeof(Way), blocks);
    length_ = blocks * kRate;
  }
  [[nodiscard]] Bytes operator[](size_t way) { return Bytes(ways_.value()[way].bytes).first(length_); }

 private:
  struct alignas(uint64_t) Way {
    std::array<uint8_t, kRate * kBlocks> bytes;
  };
  SecretValue<std::array<Way, kWays>> ways_;
  size_t length_ = 0;
};

/// Calls `body(group, shake)` for up to four of `samples` at a time, with the four streams that belong to them.
template <size_t kRate, typename Coefficient, typename Body>
void ForGroups(Bytes seed, size_t suffix_length, std::span<const Sample<Coefficient>> samples, Body body) {
  while (!samples.empty()) {
    const auto group = samples.first(std::min(kWays, samples.size()));
    std::array<uint16_t, kWays> suffixes;
    // A stream that nobody wants is that of the last polynomial again.
    for (size_t way = 0; way < kWays; ++way) suffixes[way] = group[std::min(way, group.size() - 1)].suffix;
    FourWayShake<kRate> shake(seed, suffixes, suffix_length);
    body(group, shake);
    samples = samples.subspan(group.size());
  }
}

/// Samples from `kBlocks` blocks of a stream each: `convert(bytes, coefficients)`.
template <size_t kRate, size_t kBlocks, typename Coefficient, typename Convert>
void SampleDirectly(Bytes seed, size_t suffix_length, std::span<const Sample<Coefficient>> samples, Convert convert) {
  ForGroups<kRate>(seed, suffix_length, samples, [&convert](auto group, FourWayShake<kRate>& shake) {
    StreamBlocks<kRate, kBlocks> blocks;
    blocks.Take(shake, kBlocks);
    for (size_t way = 0; way < group.size(); ++way) convert(blocks[way], group[way].coefficients);
  });
}

/// Samples by rejection: `accept(bytes, coefficients, accepted)` goes on behind the `accepted` ones and says how many
/// there are then. It gets `kBlocks` blocks at first, which nearly always are enough, then one at a time.
template <size_t kRate, size_t kBlocks, typename Coefficient, typename Accept>
void SampleByRejection(Bytes seed, size_t suffix_length, std::span<const Sample<Coefficient>> samples, Accept accept) {
  ForGroups<kRate>(seed, suffix_length, samples, [&accept](auto group, FourWayShake<kRate>& shake) {
    StreamBlocks<kRate, kBlocks> blocks;
    std::array<size_t, kWays> accepted{};
    bool complete = false;
    for (size_t count = kBlocks; !complete; count = 1) {
      blocks.Take(shake, count);
      complete = true;
      for (size_t way = 0; way < group.size(); ++way) {
        accepted[way] = accept(blocks[way], group[way].coefficients, accepted[way]);
        complete = complete && accepted[way] == kCoefficients;
      }
    }
  });
}

}  // namespace skissm

#endif  // SKISSM_FOUR_WAY_SAMPLING_H_

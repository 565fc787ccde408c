#ifndef SKISSM_ACCELERATED_PROCESSOR_H_
#define SKISSM_ACCELERATED_PROCESSOR_H_

namespace skissm {

/// Which primitives run on instructions that were made for them; the others run in mbed TLS.
struct Acceleration {
  /// AES-NI and PCLMULQDQ.
  bool aes_gcm;
  /// The SHA extensions.
  bool sha256;
};

/// What is in use now: what the processor has, unless it is not allowed.
[[nodiscard]] Acceleration CurrentAcceleration();

/// Lets the instructions be used or not, from the next operation on. At first they may, unless the environment variable
/// `SKISSM_NATIVE` is `portable`.
void AllowAcceleration(bool allowed);

/// Whether the processor has all that code for the third level of x86-64 may use (AVX2, BMI2 and the rest of what the
/// x86-64 psABI names), and the system saves its registers.
[[nodiscard]] bool RunsX8664V3();

}  // namespace skissm

#endif  // SKISSM_ACCELERATED_PROCESSOR_H_

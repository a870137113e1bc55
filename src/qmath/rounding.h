// rne(x): round to the nearest integer, ties to the even one, as ONNX QuantizeLinear and IEEE 754
// roundTiesToEven.
#pragma once

namespace lowbit {

// Exact for every float; NaN and infinities pass through. Adding 2^23 to |x| < 2^23 leaves no
// fraction bits in the sum, so the addition itself rounds, in the default rounding mode; from 2^23
// on, a float is an integer already. Needs -ffp-contract=off and no fast-math (the build sets
// both).
constexpr float round_half_even(float x) {
  constexpr float kShift = 8388608.0f;
  const bool is_small = x > -kShift && x < kShift;
  if (!is_small) return x;
  return x < 0.0f ? (x - kShift) + kShift : (x + kShift) - kShift;
}

}  // namespace lowbit

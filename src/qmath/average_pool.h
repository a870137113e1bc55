// The average of quantized values, as ONNX Runtime computes it: in float32, in the order written,
// with no fused multiply-add.
//
//   AveragePool         y = clamp(rne((sum Sx * (x - Zx)) / n / Sy + Zy), qmin, qmax)
//   GlobalAveragePool   y = clamp(rne((sum (x - Zx)) * m) + Zy, qmin, qmax),   m = Sx / (n * Sy)
//
// The first sum runs tap by tap in float32, the second in int32. The two differ only in ties and in
// the sum's last bit. Ties are frequent in AveragePool, whose n is small and whose input and output
// often share their parameters; ONNX Runtime's float sum decides them, and an integer sum would
// differ from it in up to one output of eight. tests/golden/ort_test.cpp pins both.
#pragma once

#include <cstdint>

#include "qmath/requantize.h"

namespace lowbit {

struct AveragePoolParams {
  float input_scale = 1;
  float output_scale = 1;
  int32_t input_zero_point = 0;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

// `sum` is the float32 sum of dequantize(x) over the taps in row-major order, starting from 0;
// `count` >= 1.
constexpr int32_t quantized_average(float sum, int32_t count, const AveragePoolParams& p) {
  const float average = sum / static_cast<float>(count);
  const float shifted = average / p.output_scale + static_cast<float>(p.output_zero_point);
  return saturate_to_int(round_half_even(shifted), 0, p.qmin, p.qmax);
}

// The most values of one global average: so that the sum of (x - Zx) fits int32 with room.
inline constexpr int32_t kMaxGlobalAverageCount = 1 << 22;

constexpr float global_average_multiplier(int32_t count, const AveragePoolParams& p) {
  return p.input_scale / (static_cast<float>(count) * p.output_scale);
}

// `sum` is the exact sum of (x - Zx).
constexpr int32_t quantized_global_average(int32_t sum, float multiplier,
                                           const AveragePoolParams& p) {
  return requantize(sum, multiplier, p.output_zero_point, p.qmin, p.qmax);
}

}  // namespace lowbit

#include "kernels/normalize/normalize.h"

#include <cmath>

#include "kernels/reduce/lanes.h"

namespace lowbit::kernels {

namespace {

struct Statistics {
  float mean;
  float factor;  // 1 / sqrt(variance + epsilon)
};

Statistics statistics(const float* x, int64_t count, float epsilon, bool is_centred) {
  const auto n = static_cast<float>(count);
  const float mean = is_centred ? sum_lanes(count, [x](int64_t i) { return x[i]; }) / n : 0.0f;
  const float squares = sum_lanes(count, [x, mean](int64_t i) {
    const float distance = x[i] - mean;
    return distance * distance;
  });
  return {mean, 1.0f / std::sqrt(squares / n + epsilon)};
}

}  // namespace

void normalize_rows(const NormalizeRows& args) {
  const int64_t count = args.blocks * args.inner;
  for (int64_t r = 0; r < args.rows; ++r) {
    const float* const x = args.input + r * count;
    float* __restrict const y = args.output + r * count;
    const float* const scale = args.scale + r % args.period * args.blocks;
    const float* const bias = args.bias ? args.bias + r % args.period * args.blocks : nullptr;
    const auto [mean, factor] = statistics(x, count, args.epsilon, args.is_centred);
    if (args.inner == 1) {
      for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - mean) * factor * scale[i];
      if (bias == nullptr) continue;
      for (int64_t i = 0; i < count; ++i) y[i] += bias[i];
      continue;
    }
    for (int64_t b = 0; b < args.blocks; ++b) {
      const float shift = bias ? bias[b] : 0.0f;
      const float gain = factor * scale[b];
      for (int64_t i = b * args.inner; i < (b + 1) * args.inner; ++i) {
        y[i] = (x[i] - mean) * gain + shift;
      }
    }
  }
}

}  // namespace lowbit::kernels

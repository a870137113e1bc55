#include <algorithm>

#include "kernels/move/move.h"

namespace lowbit::kernels {

void interpolate_f32(const InterpolateF32& args) {
  const int64_t inner = args.inner;
  float* output = args.output;
  for (int64_t o = 0; o < args.outer; ++o) {
    const float* const input = args.input + o * args.input_length * inner;
    for (int64_t i = 0; i < args.output_length; ++i, output += inner) {
      const int32_t* const places = args.places + i * args.taps;
      const float* const weights = args.weights + i * args.taps;
      if (places[0] < 0) {
        std::fill_n(output, inner, args.fill);
        continue;
      }
      const float* const nearest = input + places[0] * inner;
      for (int64_t k = 0; k < inner; ++k) output[k] = weights[0] * nearest[k];
      for (int64_t t = 1; t < args.taps; ++t) {
        const float* const tap = input + places[t] * inner;
        const float weight = weights[t];
        for (int64_t k = 0; k < inner; ++k) output[k] += weight * tap[k];
      }
    }
  }
}

}  // namespace lowbit::kernels

#include <algorithm>

#include "kernels/kernels.h"

namespace lowbit::kernels {

void clamp_f32__reference(const ClampF32& args) {
  for (int64_t i = 0; i < args.count; ++i) {
    args.output[i] = std::clamp(args.input[i], args.min, args.max);
  }
}

void scale_shift_f32__reference(const ScaleShiftF32& args) {
  for (int64_t row = 0; row < args.rows; ++row) {
    const float* input = args.input + row * args.channels;
    float* output = args.output + row * args.channels;
    for (int32_t c = 0; c < args.channels; ++c) {
      output[c] = input[c] * args.scale[c] + args.shift[c];
    }
  }
}

void lookup_u8__reference(const LookupU8& args) {
  for (int64_t row = 0; row < args.rows; ++row) {
    const uint8_t* input = args.input + row * args.columns;
    uint8_t* output = args.output + row * args.output_stride;
    for (int32_t i = 0; i < args.columns; ++i) output[i] = args.table[input[i]];
  }
}

}  // namespace lowbit::kernels

#include "kernels/kernels.h"
#include "kernels/simd_tail.h"
#include "kernels/simd_u8.h"

namespace lowbit::kernels {

void quantize_u8__simd128(const QuantizeU8& args) {
  const v128_t scale = wasm_f32x4_splat(args.scale);
  const SaturateU8 saturate(args.zero_point, args.qmin, args.qmax);
  for_each_block<16>(
      args.count,
      [=](const float* input, uint8_t* output) {
        F32x16 x;
        for (int i = 0; i < 4; ++i) {
          // A division, as the law says: a product with 1 / scale differs where x / scale is next
          // to a tie.
          x.lanes[i] = wasm_f32x4_div(wasm_v128_load(input + 4 * i), scale);
        }
        wasm_v128_store(output, saturate.u8x16(x));
      },
      args.output, args.input);
}

void dequantize_u8__simd128(const DequantizeU8& args) {
  const v128_t scale = wasm_f32x4_splat(args.scale);
  const CenterU8 center(args.zero_point);
  for_each_block<16>(
      args.count,
      [=](const uint8_t* input, float* output) {
        const F32x16 x = center.f32x16(wasm_v128_load(input));
        for (int i = 0; i < 4; ++i) {
          wasm_v128_store(output + 4 * i, wasm_f32x4_mul(scale, x.lanes[i]));
        }
      },
      args.output, args.input);
}

}  // namespace lowbit::kernels

// Relaxed SIMD runs this, too: its own FP32 product has other roundings.
#include "kernels/kernels.h"
#include "kernels/matmul/dequantized.h"
#include "kernels/output_simd128.h"
#include "kernels/packed.h"

namespace lowbit::kernels {
namespace {

void dequantize_rows(const int8_t* weights, const float* scale, int32_t rows, float* target) {
  const Lanes8 scales = load_lanes8(scale);
  for (int32_t row = 0; row < rows; ++row) {
    const v128_t q = wasm_i16x8_load8x8(weights);
    store_lanes8(
        target,
        {{wasm_f32x4_mul(scales.half[0], wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(q))),
          wasm_f32x4_mul(scales.half[1],
                         wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(q)))}});
    weights += kPanelColumns;
    target += kPanelColumns;
  }
}

}  // namespace

void matmul_f32s8__simd128(const MatmulF32S8& product) {
  run_dequantized(
      product,
      {.columns = kPanelColumns, .dequantize = dequantize_rows, .multiply = matmul_f32__simd128});
}

}  // namespace lowbit::kernels

#include <cmath>

#include "kernels/kernels.h"
#include "kernels/simd_tail.h"
#include "kernels/simd_u8.h"

namespace lowbit::kernels {

namespace {

// Round: RoundU8 or SaturateU8.
template <class Round>
void add_u8(const AddU8& args, const Round& round) {
  const AddParams& p = args.params;
  const CenterU8 center_a(p.a_zero_point);
  const CenterU8 center_b(p.b_zero_point);
  const v128_t a_ratio = wasm_f32x4_splat(p.a_ratio);
  const v128_t b_ratio = wasm_f32x4_splat(p.b_ratio);
  const v128_t output_zero = wasm_f32x4_splat(static_cast<float>(p.output_zero_point));
  for_each_block<16>(
      args.count,
      [=](const uint8_t* a, const uint8_t* b, uint8_t* output) {
        const F32x16 x = center_a.f32x16(wasm_v128_load(a));
        const F32x16 y = center_b.f32x16(wasm_v128_load(b));
        F32x16 sum;
        for (int i = 0; i < 4; ++i) {
          const v128_t scaled = wasm_f32x4_add(wasm_f32x4_mul(x.lanes[i], a_ratio),
                                               wasm_f32x4_mul(y.lanes[i], b_ratio));
          sum.lanes[i] = wasm_f32x4_add(scaled, output_zero);
        }
        wasm_v128_store(output, round.u8x16(sum));
      },
      args.output, args.a, args.b);
}

// As in Requantizer.
bool needs_clamp(const AddParams& p) {
  const double largest = 255.0 * (std::abs(p.a_ratio) + std::abs(p.b_ratio) + 1);
  const bool is_bounded = largest <= kMaxScaledSum;
  return !is_bounded || p.qmin > 0 || p.qmax < 255;
}

}  // namespace

void add_f32__simd128(const AddF32& args) {
  const v128_t min = wasm_f32x4_splat(args.min);
  const v128_t max = wasm_f32x4_splat(args.max);
  for_each_block<4>(
      args.count,
      [=](const float* a, const float* b, float* output) {
        const v128_t sum = wasm_f32x4_add(wasm_v128_load(a), wasm_v128_load(b));
        // pmax and pmin keep their first operand when it is NaN.
        wasm_v128_store(output, wasm_f32x4_pmin(wasm_f32x4_pmax(sum, min), max));
      },
      args.output, args.a, args.b);
}

void add_u8__simd128(const AddU8& args) {
  const AddParams& p = args.params;
  if (needs_clamp(p)) {
    add_u8(args, SaturateU8(0, p.qmin, p.qmax));
  } else {
    add_u8(args, RoundU8(0));
  }
}

}  // namespace lowbit::kernels

// uint8 activations in vectors of floats, and back: the entry and the exit of every integer kernel
// of the simd128 tier.
#pragma once

#include <cstdint>

#include "kernels/simd.h"

namespace lowbit::kernels {

struct F32x16 {
  v128_t lanes[4];
};

// float32(x - zero_point) of sixteen values; `zero_point` in every 16-bit lane.
inline F32x16 center_u8x16(v128_t x, v128_t zero_point) {
  const v128_t low = wasm_i16x8_sub(wasm_u16x8_extend_low_u8x16(x), zero_point);
  const v128_t high = wasm_i16x8_sub(wasm_u16x8_extend_high_u8x16(x), zero_point);
  return {{wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(low)),
           wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(low)),
           wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(high)),
           wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(high))}};
}

// saturate_to_int(rne(x), zero_point, qmin, qmax) of qmath/quantize.h, bit for bit.
class SaturateU8 {
 public:
  SaturateU8(int32_t zero_point, int32_t qmin, int32_t qmax)
      : low_(wasm_f32x4_splat(static_cast<float>(qmin - zero_point))),
        high_(wasm_f32x4_splat(static_cast<float>(qmax - zero_point))),
        bits_to_int_(wasm_i32x4_splat(kShiftBits - zero_point)) {}

  // The bounds are integers, so clamping before rounding gives what clamping after it does, and NaN
  // the lower bound. Within them, adding 1.5 * 2^23 rounds half to even and leaves the integer in
  // the sum's low bits, which costs less than a conversion.
  v128_t i32x4(v128_t x) const {
    const v128_t inside = wasm_f32x4_pmin(high_, wasm_f32x4_pmax(low_, x));
    return wasm_i32x4_sub(wasm_f32x4_add(inside, wasm_f32x4_splat(kShift)), bits_to_int_);
  }

  v128_t u8x16(const F32x16& x) const {
    const v128_t low = wasm_i16x8_narrow_i32x4(i32x4(x.lanes[0]), i32x4(x.lanes[1]));
    const v128_t high = wasm_i16x8_narrow_i32x4(i32x4(x.lanes[2]), i32x4(x.lanes[3]));
    return wasm_u8x16_narrow_i16x8(low, high);
  }

 private:
  static constexpr float kShift = 12582912.0f;
  static constexpr int32_t kShiftBits = 0x4b400000;

  v128_t low_;
  v128_t high_;
  v128_t bits_to_int_;
};

}  // namespace lowbit::kernels

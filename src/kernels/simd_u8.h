// uint8 activations in vectors of floats, and back: the entry and the exit of every integer kernel
// of the simd128 tier.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simd.h"

namespace lowbit::kernels {

struct F32x16 {
  v128_t lanes[4];
};

// 1.5 * 2^23, in memory: a constant would be made anew at every use, which costs V8 on x86 as much
// as two additions.
extern const float kRoundingShift;

// float32(x - zero_point) of sixteen values. A byte in the place of the shift's low bits, which are
// zero, makes it the float 1.5 * 2^23 + x; subtracting 1.5 * 2^23 + zero_point is exact, and costs
// less than widening to 32 bits and converting.
class CenterU8 {
 public:
  explicit CenterU8(int32_t zero_point)
      : shift_high_(
            wasm_v128_load16_splat(reinterpret_cast<const std::byte*>(&kRoundingShift) + 2)),
        shifted_zero_(wasm_f32x4_splat(kRoundingShift + static_cast<float>(zero_point))) {}

  F32x16 f32x16(v128_t x) const {
    const v128_t low = wasm_u16x8_extend_low_u8x16(x);
    const v128_t high = wasm_u16x8_extend_high_u8x16(x);
    return {{center_low(low), center_high(low), center_low(high), center_high(high)}};
  }

 private:
  v128_t center_low(v128_t x) const {
    return wasm_f32x4_sub(wasm_i16x8_shuffle(x, shift_high_, 0, 8, 1, 9, 2, 10, 3, 11),
                          shifted_zero_);
  }
  v128_t center_high(v128_t x) const {
    return wasm_f32x4_sub(wasm_i16x8_shuffle(x, shift_high_, 4, 12, 5, 13, 6, 14, 7, 15),
                          shifted_zero_);
  }

  v128_t shift_high_;
  v128_t shifted_zero_;
};

// saturate_to_int(rne(x), zero_point, 0, 255) of qmath/quantize.h, bit for bit, for
// x >= -1.5 * 2^23.
class RoundU8 {
 public:
  explicit RoundU8(int32_t zero_point)
      : shift_(wasm_f32x4_splat(kRoundingShift)),
        bits_to_int_(wasm_i32x4_sub(shift_, wasm_i32x4_splat(zero_point))) {}

  v128_t u8x16(const F32x16& x) const {
    return wasm_u8x16_narrow_i16x8(i16x8(x.lanes[0], x.lanes[1]), i16x8(x.lanes[2], x.lanes[3]));
  }

  // Eight values, twice.
  v128_t u8x8(v128_t low, v128_t high) const {
    const v128_t x = i16x8(low, high);
    return wasm_u8x16_narrow_i16x8(x, x);
  }

 private:
  // Adding 1.5 * 2^23 rounds half to even and leaves the integer in the sum's low bits, which costs
  // less than a conversion. Beyond 2^22 the bits are no longer the integer, but still grow with x
  // while the sum is not negative, and narrowing saturates them.
  v128_t round(v128_t x) const { return wasm_i32x4_sub(wasm_f32x4_add(x, shift_), bits_to_int_); }

  v128_t i16x8(v128_t low, v128_t high) const {
    return wasm_i16x8_narrow_i32x4(round(low), round(high));
  }

  v128_t shift_;
  v128_t bits_to_int_;
};

// saturate_to_int(rne(x), zero_point, qmin, qmax), bit for bit, for every x; NaN becomes qmin.
class SaturateU8 {
 public:
  SaturateU8(int32_t zero_point, int32_t qmin, int32_t qmax)
      : low_(wasm_f32x4_splat(static_cast<float>(qmin - zero_point))),
        high_(wasm_i8x16_splat(static_cast<int8_t>(qmax))),
        round_(zero_point) {}

  v128_t u8x16(const F32x16& x) const {
    const F32x16 above = {
        {raise(x.lanes[0]), raise(x.lanes[1]), raise(x.lanes[2]), raise(x.lanes[3])}};
    return wasm_u8x16_min(round_.u8x16(above), high_);
  }

  // Eight values, twice.
  v128_t u8x8(v128_t low, v128_t high) const {
    return wasm_u8x16_min(round_.u8x8(raise(low), raise(high)), high_);
  }

 private:
  // The lower bound is an integer, so clamping before rounding gives what clamping after it does,
  // and NaN that bound.
  v128_t raise(v128_t x) const { return wasm_f32x4_pmax(low_, x); }

  v128_t low_;
  v128_t high_;
  RoundU8 round_;
};

}  // namespace lowbit::kernels

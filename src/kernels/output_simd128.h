// The ends of the simd128 kernels: requantization of vectors, and stores of part of a vector.
#pragma once

#include <cstdint>

#include "kernels/simd.h"

namespace lowbit::kernels {

// qmath/requantize.h for four accumulators at once, bit for bit. Two exact rearrangements save
// instructions: the bounds are integers, so clamping commutes with rounding; and below 2^22, adding
// 1.5 * 2^23 both rounds half to even and leaves the integer in the low bits of the float.
// Pinned by tests/conformance/matmul_test.cpp.
class Requantizer {
 public:
  Requantizer(int32_t zero_point, int32_t qmin, int32_t qmax)
      : low_(wasm_f32x4_splat(static_cast<float>(qmin - zero_point))),
        high_(wasm_f32x4_splat(static_cast<float>(qmax - zero_point))),
        bias_(wasm_i32x4_splat(kShiftBits - zero_point)) {}

  v128_t operator()(v128_t accumulators, v128_t multipliers) const {
    const v128_t scaled = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(accumulators), multipliers);
    const v128_t inside = wasm_f32x4_pmin(high_, wasm_f32x4_pmax(low_, scaled));
    return wasm_i32x4_sub(wasm_f32x4_add(inside, wasm_f32x4_splat(kShift)), bias_);
  }

  // Eight accumulators to eight bytes, in the low half of the result.
  v128_t to_u8x8(v128_t accumulators0, v128_t accumulators1, v128_t multipliers0,
                 v128_t multipliers1) const {
    const v128_t narrow = wasm_i16x8_narrow_i32x4((*this)(accumulators0, multipliers0),
                                                  (*this)(accumulators1, multipliers1));
    return wasm_u8x16_narrow_i16x8(narrow, narrow);
  }

 private:
  static constexpr float kShift = 12582912.0f;
  static constexpr int32_t kShiftBits = 0x4b400000;

  v128_t low_;
  v128_t high_;
  v128_t bias_;
};

// min(max(x, low), high); NaN stays NaN.
class Clamp {
 public:
  Clamp(float low, float high) : low_(wasm_f32x4_splat(low)), high_(wasm_f32x4_splat(high)) {}

  v128_t operator()(v128_t x) const { return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low_), high_); }

 private:
  v128_t low_;
  v128_t high_;
};

// Stores the first `count` (1 to 8) bytes of v.
inline void store_first_u8(uint8_t* target, v128_t v, int32_t count) {
  if (count == 8) {
    wasm_v128_store64_lane(target, v, 0);
    return;
  }
  if ((count & 4) != 0) {
    wasm_v128_store32_lane(target, v, 0);
    target += 4;
    v = wasm_u64x2_shr(v, 32);
  }
  if ((count & 2) != 0) {
    wasm_v128_store16_lane(target, v, 0);
    target += 2;
    v = wasm_u64x2_shr(v, 16);
  }
  if ((count & 1) != 0) wasm_v128_store8_lane(target, v, 0);
}

// Stores the first `count` (1 to 8) floats of v0, v1.
inline void store_first_f32(float* target, v128_t v0, v128_t v1, int32_t count) {
  if (count >= 4) {
    wasm_v128_store(target, v0);
    target += 4;
    v0 = v1;
  }
  if (count == 8) {
    wasm_v128_store(target, v0);
    return;
  }
  if ((count & 2) != 0) {
    wasm_v128_store64_lane(target, v0, 0);
    target += 2;
    v0 = wasm_i64x2_shuffle(v0, v0, 1, 0);
  }
  if ((count & 1) != 0) wasm_v128_store32_lane(target, v0, 0);
}

}  // namespace lowbit::kernels

// Eight columns at a time: what the simd128 matrix products and depthwise convolutions sum in, and
// their output stages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simd.h"
#include "kernels/simd_tail.h"
#include "kernels/simd_u8.h"

namespace lowbit::kernels {

// Eight 32-bit lanes: the sums of a panel's columns, int32 or float32.
struct Lanes8 {
  v128_t half[2];
};

inline Lanes8 load_lanes8(const void* source) {
  return {{wasm_v128_load(source), wasm_v128_load(static_cast<const std::byte*>(source) + 16)}};
}

inline void store_lanes8(void* target, const Lanes8& x) {
  wasm_v128_store(target, x.half[0]);
  wasm_v128_store(static_cast<std::byte*>(target) + 16, x.half[1]);
}

// qmath/requantize.h for eight accumulators at once, bit for bit. Pinned by
// tests/conformance/matmul_test.cpp.
class Requantizer {
 public:
  Requantizer(int32_t zero_point, int32_t qmin, int32_t qmax) : saturate_(zero_point, qmin, qmax) {}

  // Stores the first `count` (1 to 8) bytes.
  void store(uint8_t* target, const Lanes8& accumulators, const Lanes8& multipliers,
             int32_t count) const {
    const v128_t low = requantize(accumulators.half[0], multipliers.half[0]);
    const v128_t high = requantize(accumulators.half[1], multipliers.half[1]);
    const v128_t narrow = wasm_i16x8_narrow_i32x4(low, high);
    const v128_t bytes = wasm_u8x16_narrow_i16x8(narrow, narrow);
    if (count == 8) {
      wasm_v128_store64_lane(target, bytes, 0);
    } else {
      store_first_bytes(target, bytes, count);
    }
  }

 private:
  v128_t requantize(v128_t accumulators, v128_t multipliers) const {
    return saturate_.i32x4(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(accumulators), multipliers));
  }

  SaturateU8 saturate_;
};

// min(max(x, low), high); NaN stays NaN.
class Clamp {
 public:
  Clamp(float low, float high) : low_(wasm_f32x4_splat(low)), high_(wasm_f32x4_splat(high)) {}

  // Stores the first `count` (1 to 8) floats.
  void store(float* target, const Lanes8& x, int32_t count) const {
    const Lanes8 inside = {{clamp(x.half[0]), clamp(x.half[1])}};
    if (count == 8) {
      store_lanes8(target, inside);
    } else if (count >= 4) {
      wasm_v128_store(target, inside.half[0]);
      store_first_bytes(target + 4, inside.half[1], (count - 4) * 4);
    } else {
      store_first_bytes(target, inside.half[0], count * 4);
    }
  }

 private:
  v128_t clamp(v128_t x) const { return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low_), high_); }

  v128_t low_;
  v128_t high_;
};

}  // namespace lowbit::kernels

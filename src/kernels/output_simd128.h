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

// The first `count` (1 to 8) bytes.
inline void store_u8x8(uint8_t* target, v128_t bytes, int32_t count) {
  if (count == 8) {
    wasm_v128_store64_lane(target, bytes, 0);
  } else {
    store_bytes_inline(target, bytes, count);
  }
}

// qmath/requantize.h for eight accumulators at once, bit for bit. Pinned by
// tests/conformance/matmul_test.cpp.
class Requantizer {
 public:
  // is_bounded: as in MatmulU8S8.
  Requantizer(int32_t zero_point, int32_t qmin, int32_t qmax, bool is_bounded)
      : zero_point_(zero_point),
        qmin_(qmin),
        qmax_(qmax),
        needs_clamp_(!is_bounded || qmin > 0 || qmax < 255),
        round_(zero_point) {}

  // Where it does not, store_all() gives what store() does.
  bool needs_clamp() const { return needs_clamp_; }

  // Stores eight bytes.
  void store_all(uint8_t* target, const Lanes8& accumulators, const Lanes8& multipliers) const {
    const Lanes8 x = scale(accumulators, multipliers);
    wasm_v128_store64_lane(target, round_.u8x8(x.half[0], x.half[1]), 0);
  }

  // Two rows of them, the second one last.
  void store_all(uint8_t* first, uint8_t* second, const Lanes8& first_accumulators,
                 const Lanes8& second_accumulators, const Lanes8& multipliers) const {
    const Lanes8 x = scale(first_accumulators, multipliers);
    const Lanes8 y = scale(second_accumulators, multipliers);
    const v128_t bytes = round_.u8x16({{x.half[0], x.half[1], y.half[0], y.half[1]}});
    wasm_v128_store64_lane(first, bytes, 0);
    wasm_v128_store64_lane(second, bytes, 1);
  }

  // Stores the first `count` (1 to 8) bytes.
  void store(uint8_t* target, const Lanes8& accumulators, const Lanes8& multipliers,
             int32_t count) const {
    if (!needs_clamp_ && count == 8) return store_all(target, accumulators, multipliers);
    const Lanes8 x = scale(accumulators, multipliers);
    const SaturateU8 saturate(zero_point_, qmin_, qmax_);
    store_u8x8(target, saturate.u8x8(x.half[0], x.half[1]), count);
  }

 private:
  static Lanes8 scale(const Lanes8& accumulators, const Lanes8& multipliers) {
    Lanes8 scaled;
    for (int h = 0; h < 2; ++h) {
      scaled.half[h] =
          wasm_f32x4_mul(wasm_f32x4_convert_i32x4(accumulators.half[h]), multipliers.half[h]);
    }
    return scaled;
  }

  int32_t zero_point_;
  int32_t qmin_;
  int32_t qmax_;
  bool needs_clamp_;
  RoundU8 round_;
};

// min(max(x, low), high); NaN stays NaN.
class Clamp {
 public:
  Clamp(float low, float high) : low_(wasm_f32x4_splat(low)), high_(wasm_f32x4_splat(high)) {}

  // Stores eight floats.
  void store(float* target, const Lanes8& x) const {
    wasm_v128_store(target, clamp(x.half[0]));
    wasm_v128_store(target + 4, clamp(x.half[1]));
  }

  // Stores the first `count` (1 to 8) floats.
  void store(float* target, const Lanes8& x, int32_t count) const {
    const v128_t first = clamp(x.half[0]);
    if (count < 4) return store_first_bytes(target, first, count * 4);
    wasm_v128_store(target, first);
    if (count == 8) {
      wasm_v128_store(target + 4, clamp(x.half[1]));
    } else {
      store_first_bytes(target + 4, clamp(x.half[1]), (count - 4) * 4);
    }
  }

  // Stores the first `count` (1 to 4) floats.
  void store(float* target, v128_t x, int32_t count) const {
    if (count == 4) {
      wasm_v128_store(target, clamp(x));
    } else {
      store_first_bytes(target, clamp(x), count * 4);
    }
  }

 private:
  v128_t clamp(v128_t x) const { return wasm_f32x4_pmin(wasm_f32x4_pmax(x, low_), high_); }

  v128_t low_;
  v128_t high_;
};

}  // namespace lowbit::kernels

// What the relaxed integer kernels share: inputs stay bytes, interleaved in fours, and one relaxed
// dot product multiplies and adds four taps of four channels. Windows that cannot slide are left to
// simd128.
#pragma once

#include "kernels/depthwise/row_pairs.h"
#include "kernels/kernels.h"

namespace lowbit::kernels {

inline constexpr int kDotTaps = 4;

// (x0[c], x1[c], x2[c], x3[c]) in bytes 4c to 4c + 3.
inline Lanes8 interleave_bytes(const v128_t (&x)[kDotTaps]) {
  const auto pairs = [](v128_t a, v128_t b) {
    return wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  };
  const v128_t first = pairs(x[0], x[1]);
  const v128_t last = pairs(x[2], x[3]);
  return {{wasm_i16x8_shuffle(first, last, 0, 8, 1, 9, 2, 10, 3, 11),
           wasm_i16x8_shuffle(first, last, 4, 12, 5, 13, 6, 14, 7, 15)}};
}

// activation_offset: as in packing.h.
inline void pack_sliding_dot(const PackDepthwiseU8S8& p, int32_t activation_offset) {
  if (can_slide_in_fours(p.window)) {
    pack_tap_groups(p, kDotTaps, activation_offset);
  } else {
    pack_depthwise_u8s8__simd128(p);
  }
}

template <class Dot>
struct SlidingDot {
  template <int kSize>
  using Kernel = SlidingU8S8<Dot, kSize>;

  static void convolve(const DepthwiseU8S8& d) {
    const Window& w = d.window;
    if (!can_slide_in_fours(w)) {
      depthwise_u8s8__simd128(d);
    } else if (w.kernel_w == 3) {
      w.stride_w == 1 ? RowPairs<Dot>::run(d) : slide_depthwise<Kernel<3>, 2>(d);
    } else {
      w.stride_w == 1 ? slide_depthwise<Kernel<5>, 1>(d) : slide_depthwise<Kernel<5>, 2>(d);
    }
  }
};

}  // namespace lowbit::kernels

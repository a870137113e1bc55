// Inputs stay bytes, interleaved in fours: one relaxed dot product multiplies and adds four taps of
// four channels. Windows that cannot slide are left to simd128.
#include "kernels/depthwise/sliding_u8s8.h"
#include "kernels/kernels.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

// (x0[c], x1[c], x2[c], x3[c]) in bytes 4c to 4c + 3.
Lanes8 interleave_bytes(const v128_t (&x)[4]) {
  const auto pairs = [](v128_t a, v128_t b) {
    return wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  };
  const v128_t first = pairs(x[0], x[1]);
  const v128_t last = pairs(x[2], x[3]);
  return {{wasm_i16x8_shuffle(first, last, 0, 8, 1, 9, 2, 10, 3, 11),
           wasm_i16x8_shuffle(first, last, 4, 12, 5, 13, 6, 14, 7, 15)}};
}

struct DotU {
  static constexpr int kGroup = 4;
  static constexpr int32_t kActivationOffset = 0;

  static v128_t load(const uint8_t* source) { return wasm_v128_load64_zero(source); }
  static Lanes8 interleave(const v128_t (&x)[4]) { return interleave_bytes(x); }
  static Lanes8 add(const Lanes8& sum, const Lanes8& x, const Lanes8& weights) {
    return {{relaxed_dot_u(weights.half[0], x.half[0], sum.half[0]),
             relaxed_dot_u(weights.half[1], x.half[1], sum.half[1])}};
  }
};

// Activations are made signed, x - 128; the bias makes up for it.
struct DotS {
  static constexpr int kGroup = 4;
  static constexpr int32_t kActivationOffset = -128;

  static v128_t load(const uint8_t* source) {
    return wasm_v128_xor(wasm_v128_load64_zero(source), wasm_i8x16_splat(-128));
  }
  static Lanes8 interleave(const v128_t (&x)[4]) { return interleave_bytes(x); }
  static Lanes8 add(const Lanes8& sum, const Lanes8& x, const Lanes8& weights) {
    return {{relaxed_dot_s(weights.half[0], x.half[0], sum.half[0]),
             relaxed_dot_s(weights.half[1], x.half[1], sum.half[1])}};
  }
};

template <int kSize>
using SlidingByDotU = SlidingU8S8<DotU, kSize>;

template <int kSize>
using SlidingByDotS = SlidingU8S8<DotS, kSize>;

template <class Dot>
void pack(const PackDepthwiseU8S8& p) {
  if (can_slide(p.window)) {
    pack_tap_groups(p, Dot::kGroup, Dot::kActivationOffset);
  } else {
    pack_depthwise_u8s8__simd128(p);
  }
}

template <template <int> class Kernel>
void convolve(const DepthwiseU8S8& d) {
  if (can_slide(d.window)) {
    slide_depthwise<Kernel>(d);
  } else {
    depthwise_u8s8__simd128(d);
  }
}

}  // namespace

void pack_depthwise_u8s8__relaxed_u(const PackDepthwiseU8S8& p) { pack<DotU>(p); }
void pack_depthwise_u8s8__relaxed_s(const PackDepthwiseU8S8& p) { pack<DotS>(p); }
void depthwise_u8s8__relaxed_u(const DepthwiseU8S8& d) { convolve<SlidingByDotU>(d); }
void depthwise_u8s8__relaxed_s(const DepthwiseU8S8& d) { convolve<SlidingByDotS>(d); }

}  // namespace lowbit::kernels

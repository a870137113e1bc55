// Class S: the dot product takes signed bytes, so 128 is subtracted from the activations as they
// are read, and added again in the bias.
#include "kernels/depthwise/sliding_dot.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

struct Dot {
  static constexpr int kGroup = kDotTaps;

  static v128_t load(const uint8_t* source) {
    return wasm_v128_xor(wasm_v128_load64_zero(source), wasm_v128_load8_splat(&kSignBit));
  }
  static Lanes8 interleave(const v128_t (&x)[kGroup]) { return interleave_bytes(x); }
  static Lanes8 add(const Lanes8& sum, const Lanes8& x, const Lanes8& weights) {
    return {{relaxed_dot_s(weights.half[0], x.half[0], sum.half[0]),
             relaxed_dot_s(weights.half[1], x.half[1], sum.half[1])}};
  }
};

}  // namespace

void pack_depthwise_u8s8__relaxed_s(const PackDepthwiseU8S8& p) { pack_sliding_dot(p, -128); }

void depthwise_u8s8__relaxed_s(const DepthwiseU8S8& d) { SlidingDot<Dot>::convolve(d); }

}  // namespace lowbit::kernels

#include "kernels/depthwise/sliding_f32.h"
#include "kernels/kernels.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

struct RelaxedMultiplyAdd {
  static v128_t call(v128_t a, v128_t b, v128_t c) { return relaxed_madd(a, b, c); }
};

template <int kSize>
using Sliding = SlidingF32<RelaxedMultiplyAdd, kSize>;

}  // namespace

void depthwise_f32__relaxed(const DepthwiseF32& d) {
  if (can_slide(d.window)) {
    slide_depthwise<Sliding>(d);
  } else {
    depthwise_f32__simd128(d);
  }
}

}  // namespace lowbit::kernels

#include "kernels/depthwise/sliding_f32.h"
#include "kernels/depthwise/tiled_simd128.h"
#include "kernels/kernels.h"

namespace lowbit::kernels {
namespace {

struct TwoRoundings {
  static v128_t call(v128_t a, v128_t b, v128_t c) {
    return wasm_f32x4_add(c, wasm_f32x4_mul(a, b));
  }
};

template <int kSize>
using Sliding = SlidingF32<TwoRoundings, kSize>;

Lanes8 multiply_add(const Lanes8& sum, const Lanes8& x, const Lanes8& weights) {
  return {{TwoRoundings::call(x.half[0], weights.half[0], sum.half[0]),
           TwoRoundings::call(x.half[1], weights.half[1], sum.half[1])}};
}

class TiledF32 {
 public:
  using Source = float;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesF32;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_f32(taps); }
  static constexpr ptrdiff_t weights_offset(int32_t tap) { return ptrdiff_t{tap} * 32; }

  explicit TiledF32(const DepthwiseF32& d) : output_(d.output), clamp_(d.min, d.max) {}

  template <class Taps>
  static void accumulate(DepthwiseTile& tile, const Taps& taps, int32_t count,
                         const std::byte* weights) {
    for (int32_t t = 0; t < count; ++t) {
      const Lanes8 w = load_lanes8(weights);
      for (int j = 0; j < kTileOutputs; ++j) {
        tile.sum[j] = multiply_add(tile.sum[j], load_lanes8(taps.at(t, j)), w);
      }
      weights += 32;
    }
  }

  void finish(const Lanes8& sum, const std::byte*, ptrdiff_t index, int32_t count) const {
    clamp_.store(output_ + index, sum, count);
  }

 private:
  float* output_;
  Clamp clamp_;
};

}  // namespace

void depthwise_f32__simd128(const DepthwiseF32& d) {
  if (can_slide(d.window)) {
    slide_depthwise<Sliding>(d);
  } else {
    depthwise_f32s8__simd128(d);
  }
}

// Tiles add tap by tap. What they add for a tap outside the input is 0 times a weight, which leaves
// every sum as it is but -0.0.
void depthwise_f32s8__simd128(const DepthwiseF32& d) {
  TiledDepthwise<TiledF32>(TiledF32(d), d.window, d.input, d.packed).run();
}

}  // namespace lowbit::kernels

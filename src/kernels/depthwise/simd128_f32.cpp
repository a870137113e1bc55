// Direct FP32 depthwise convolution: a multiplication and an addition per tap and channel.
#include "kernels/depthwise/sliding_simd128.h"
#include "kernels/depthwise/tiled_simd128.h"
#include "kernels/kernels.h"

namespace lowbit::kernels {
namespace {

Lanes8 multiply_add(const Lanes8& sum, const Lanes8& x, const Lanes8& weights) {
  return {{wasm_f32x4_add(sum.half[0], wasm_f32x4_mul(x.half[0], weights.half[0])),
           wasm_f32x4_add(sum.half[1], wasm_f32x4_mul(x.half[1], weights.half[1]))}};
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

class SlidingF32 {
 public:
  using Source = float;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_f32(taps); }

  struct Column {
    Lanes8 x[3];
  };

  struct Weights {
    Lanes8 bias;
    Lanes8 taps[3][3];

    explicit Weights(const std::byte* panel) : bias(load_lanes8(panel)) {
      panel += kPanelHeaderBytesF32;
      for (auto& row : taps) {
        for (Lanes8& tap : row) {
          tap = load_lanes8(panel);
          panel += 32;
        }
      }
    }
  };

  explicit SlidingF32(const DepthwiseF32& d) : output_(d.output), clamp_(d.min, d.max) {}

  static Column column(const float* top, const float* middle, const float* bottom) {
    return {{load_lanes8(top), load_lanes8(middle), load_lanes8(bottom)}};
  }

  static Lanes8 add(Lanes8 sum, const Weights& weights, const Column& column, int kx) {
    for (int ky = 0; ky < 3; ++ky) sum = multiply_add(sum, column.x[ky], weights.taps[ky][kx]);
    return sum;
  }

  void finish(const Lanes8& sum, const Weights&, ptrdiff_t index, int32_t count) const {
    clamp_.store(output_ + index, sum, count);
  }

 private:
  float* output_;
  Clamp clamp_;
};

}  // namespace

void depthwise_f32__simd128(const DepthwiseF32& d) {
  if (can_slide(d.window)) {
    SlidingDepthwise<SlidingF32>(SlidingF32(d), d.window, d.input, d.packed, 0.0f).run();
  } else {
    TiledDepthwise<TiledF32>(TiledF32(d), d.window, d.input, d.packed, 0.0f).run();
  }
}

}  // namespace lowbit::kernels

#include "kernels/depthwise/sliding_simd128.h"
#include "kernels/depthwise/tiled_simd128.h"
#include "kernels/kernels.h"
#include "kernels/output_simd128.h"

namespace lowbit::kernels {
namespace {

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
      const v128_t weights0 = wasm_v128_load(weights);
      const v128_t weights1 = wasm_v128_load(weights + 16);
      for (int j = 0; j < kTileOutputs; ++j) {
        v128_t(&sum)[2] = tile.sum[j];
        const float* x = taps.at(t, j);
        sum[0] = wasm_f32x4_add(sum[0], wasm_f32x4_mul(wasm_v128_load(x), weights0));
        sum[1] = wasm_f32x4_add(sum[1], wasm_f32x4_mul(wasm_v128_load(x + 4), weights1));
      }
      weights += 32;
    }
  }

  void finish(const v128_t (&sum)[2], const std::byte*, ptrdiff_t index, int32_t count) const {
    store_first_f32(output_ + index, clamp_(sum[0]), clamp_(sum[1]), count);
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
    v128_t x[3][2];
  };

  struct Sum {
    v128_t sum[2];
  };

  struct Weights {
    Sum bias;
    v128_t w[9][2];

    explicit Weights(const std::byte* panel) {
      for (int half = 0; half < 2; ++half) {
        bias.sum[half] = wasm_v128_load(panel + half * 16);
        for (int t = 0; t < 9; ++t) {
          w[t][half] = wasm_v128_load(panel + kPanelHeaderBytesF32 + t * 32 + half * 16);
        }
      }
    }
  };

  explicit SlidingF32(const DepthwiseF32& d) : output_(d.output), clamp_(d.min, d.max) {}

  static Column column(const float* top, const float* middle, const float* bottom) {
    return {{{wasm_v128_load(top), wasm_v128_load(top + 4)},
             {wasm_v128_load(middle), wasm_v128_load(middle + 4)},
             {wasm_v128_load(bottom), wasm_v128_load(bottom + 4)}}};
  }

  static Sum add(Sum s, const Weights& weights, const Column& column, int kx) {
    for (int half = 0; half < 2; ++half) {
      for (int ky = 0; ky < 3; ++ky) {
        const v128_t product = wasm_f32x4_mul(column.x[ky][half], weights.w[ky * 3 + kx][half]);
        s.sum[half] = wasm_f32x4_add(s.sum[half], product);
      }
    }
    return s;
  }

  void finish(const Sum& s, const Weights&, ptrdiff_t index, int32_t count) const {
    store_first_f32(output_ + index, clamp_(s.sum[0]), clamp_(s.sum[1]), count);
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

// Inputs are widened to int16 and interleaved in pairs, channel by channel, as are the weights: one
// i32x4.dot_i16x8_s then multiplies and adds two taps of four channels, exactly.
#include "kernels/depthwise/sliding_u8s8.h"
#include "kernels/depthwise/tiled_simd128.h"
#include "kernels/kernels.h"

namespace lowbit::kernels {
namespace {

struct PairDot {
  static constexpr int kGroup = 2;

  static v128_t load(const uint8_t* source) { return wasm_v128_load64_zero(source); }

  // (x0[c], x1[c]) in int16 lanes (2c, 2c + 1).
  static Lanes8 interleave(const v128_t (&x)[2]) {
    const v128_t pairs =
        wasm_i8x16_shuffle(x[0], x[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return {{wasm_u16x8_extend_low_u8x16(pairs), wasm_u16x8_extend_high_u8x16(pairs)}};
  }

  static Lanes8 add(const Lanes8& sum, const Lanes8& x, const Lanes8& weights) {
    return {{wasm_i32x4_add(sum.half[0], wasm_i32x4_dot_i16x8(x.half[0], weights.half[0])),
             wasm_i32x4_add(sum.half[1], wasm_i32x4_dot_i16x8(x.half[1], weights.half[1]))}};
  }
};

template <int kSize>
using Sliding = SlidingU8S8<PairDot, kSize>;

class TiledU8S8 {
 public:
  using Source = uint8_t;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesU8S8;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_u8s8(taps); }
  static constexpr ptrdiff_t weights_offset(int32_t tap) { return ptrdiff_t{tap} * 16; }

  explicit TiledU8S8(const DepthwiseU8S8& d)
      : output_(d.output), requantizer_(d.output_zero_point, d.qmin, d.qmax, d.is_bounded) {}

  template <class Taps>
  static void accumulate(DepthwiseTile& tile, const Taps& taps, int32_t count,
                         const std::byte* weights) {
    const int32_t paired = count - count % 2;
    for (int32_t t = 0; t < paired; t += 2) {
      const Lanes8 w = load_lanes8(weights);
      for (int j = 0; j < kTileOutputs; ++j) {
        const v128_t x[] = {PairDot::load(taps.at(t, j)), PairDot::load(taps.at(t + 1, j))};
        tile.sum[j] = PairDot::add(tile.sum[j], PairDot::interleave(x), w);
      }
      weights += 32;
    }
    if (paired == count) return;
    const Lanes8 w = load_lanes8(weights);
    for (int j = 0; j < kTileOutputs; ++j) {
      const v128_t x[] = {PairDot::load(taps.at(paired, j)), wasm_i8x16_splat(0)};
      tile.sum[j] = PairDot::add(tile.sum[j], PairDot::interleave(x), w);
    }
  }

  void finish(const Lanes8& sum, const std::byte* panel, ptrdiff_t index, int32_t count) const {
    requantizer_.store(output_ + index, sum, load_lanes8(panel + kPanelMultiplierOffset), count);
  }

 private:
  uint8_t* output_;
  Requantizer requantizer_;
};

}  // namespace

void depthwise_u8s8__simd128(const DepthwiseU8S8& d) {
  if (can_slide(d.window)) {
    slide_depthwise<Sliding>(d);
  } else {
    TiledDepthwise<TiledU8S8>(TiledU8S8(d), d.window, d.input, d.packed).run();
  }
}

}  // namespace lowbit::kernels

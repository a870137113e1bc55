// Direct INT8 depthwise convolution. Inputs are widened to int16 and interleaved in pairs, channel
// by channel, as are the weights (packed.h): one i32x4.dot_i16x8_s then multiplies and adds two
// taps of four channels, exactly.
#include "kernels/depthwise/sliding_simd128.h"
#include "kernels/depthwise/tiled_simd128.h"
#include "kernels/kernels.h"

namespace lowbit::kernels {
namespace {

// Eight channels of two taps: (x0[c], x1[c]) in int16 lanes (2c, 2c + 1).
Lanes8 interleave(v128_t x0, v128_t x1) {
  return {{wasm_i16x8_shuffle(x0, x1, 0, 8, 1, 9, 2, 10, 3, 11),
           wasm_i16x8_shuffle(x0, x1, 4, 12, 5, 13, 6, 14, 7, 15)}};
}

Lanes8 add_dot(const Lanes8& sum, const Lanes8& x, const Lanes8& weights) {
  return {{wasm_i32x4_add(sum.half[0], wasm_i32x4_dot_i16x8(x.half[0], weights.half[0])),
           wasm_i32x4_add(sum.half[1], wasm_i32x4_dot_i16x8(x.half[1], weights.half[1]))}};
}

class TiledU8S8 {
 public:
  using Source = uint8_t;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesU8S8;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_u8s8(taps); }
  static constexpr ptrdiff_t weights_offset(int32_t tap) { return ptrdiff_t{tap} * 16; }

  explicit TiledU8S8(const DepthwiseU8S8& d)
      : output_(d.output), requantizer_(d.output_zero_point, d.qmin, d.qmax) {}

  template <class Taps>
  static void accumulate(DepthwiseTile& tile, const Taps& taps, int32_t count,
                         const std::byte* weights) {
    const int32_t paired = count - count % 2;
    for (int32_t t = 0; t < paired; t += 2) {
      const Lanes8 w = load_lanes8(weights);
      for (int j = 0; j < kTileOutputs; ++j) {
        const v128_t x0 = wasm_u16x8_load8x8(taps.at(t, j));
        const v128_t x1 = wasm_u16x8_load8x8(taps.at(t + 1, j));
        tile.sum[j] = add_dot(tile.sum[j], interleave(x0, x1), w);
      }
      weights += 32;
    }
    if (paired == count) return;
    const Lanes8 w = load_lanes8(weights);
    for (int j = 0; j < kTileOutputs; ++j) {
      const v128_t x = wasm_u16x8_load8x8(taps.at(paired, j));
      tile.sum[j] = add_dot(tile.sum[j], interleave(x, wasm_i16x8_splat(0)), w);
    }
  }

  void finish(const Lanes8& sum, const std::byte* panel, ptrdiff_t index, int32_t count) const {
    requantizer_.store(output_ + index, sum, load_lanes8(panel + kPanelMultiplierOffset), count);
  }

 private:
  uint8_t* output_;
  Requantizer requantizer_;
};

class SlidingU8S8 {
 public:
  using Source = uint8_t;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_u8s8(taps); }

  // The top and the middle input in pairs, the bottom one paired with zero.
  struct Column {
    Lanes8 pair;
    Lanes8 single;
  };

  // Packed are pairs of taps that follow each other; needed, by column, pairs of taps one below the
  // other, (0, 3), (1, 4), (2, 5), and singles, (6, none), (7, none), (8, none).
  struct Weights {
    Lanes8 bias;
    Lanes8 multipliers;
    Lanes8 pair[3];
    Lanes8 single[3];

    explicit Weights(const std::byte* panel)
        : bias(load_lanes8(panel)), multipliers(load_lanes8(panel + kPanelMultiplierOffset)) {
      const std::byte* taps = panel + kPanelHeaderBytesU8S8;
      const Lanes8 w01 = load_lanes8(taps);
      const Lanes8 w23 = load_lanes8(taps + 32);
      const Lanes8 w45 = load_lanes8(taps + 64);
      const Lanes8 w67 = load_lanes8(taps + 96);
      for (int h = 0; h < 2; ++h) {
        pair[0].half[h] = wasm_i16x8_shuffle(w01.half[h], w23.half[h], 0, 9, 2, 11, 4, 13, 6, 15);
        pair[1].half[h] = wasm_i16x8_shuffle(w01.half[h], w45.half[h], 1, 8, 3, 10, 5, 12, 7, 14);
        pair[2].half[h] = wasm_i16x8_shuffle(w23.half[h], w45.half[h], 0, 9, 2, 11, 4, 13, 6, 15);
        single[0].half[h] = wasm_v128_and(w67.half[h], wasm_i32x4_splat(0xffff));
        single[1].half[h] = wasm_u32x4_shr(w67.half[h], 16);
      }
      single[2] = load_lanes8(taps + 128);
    }
  };

  explicit SlidingU8S8(const DepthwiseU8S8& d)
      : output_(d.output), requantizer_(d.output_zero_point, d.qmin, d.qmax) {}

  static Column column(const uint8_t* top, const uint8_t* middle, const uint8_t* bottom) {
    return {interleave(wasm_u16x8_load8x8(top), wasm_u16x8_load8x8(middle)),
            interleave(wasm_u16x8_load8x8(bottom), wasm_i16x8_splat(0))};
  }

  static Lanes8 add(const Lanes8& sum, const Weights& weights, const Column& column, int kx) {
    return add_dot(add_dot(sum, column.pair, weights.pair[kx]), column.single, weights.single[kx]);
  }

  void finish(const Lanes8& sum, const Weights& weights, ptrdiff_t index, int32_t count) const {
    requantizer_.store(output_ + index, sum, weights.multipliers, count);
  }

 private:
  uint8_t* output_;
  Requantizer requantizer_;
};

}  // namespace

void depthwise_u8s8__simd128(const DepthwiseU8S8& d) {
  const auto padding = static_cast<uint8_t>(d.input_zero_point);
  if (can_slide(d.window)) {
    SlidingDepthwise<SlidingU8S8>(SlidingU8S8(d), d.window, d.input, d.packed, padding).run();
  } else {
    TiledDepthwise<TiledU8S8>(TiledU8S8(d), d.window, d.input, d.packed, padding).run();
  }
}

}  // namespace lowbit::kernels

// Inputs are widened to int16 and interleaved in pairs, channel by channel, as are the weights
// (packed.h): one i32x4.dot_i16x8_s then multiplies and adds two taps of four channels, exactly.
#include "kernels/depthwise/sliding_simd128.h"
#include "kernels/depthwise/tiled_simd128.h"
#include "kernels/kernels.h"
#include "kernels/output_simd128.h"

namespace lowbit::kernels {
namespace {

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
    int32_t t = 0;
    for (; t + 1 < count; t += 2, weights += 32) {
      for (int j = 0; j < kTileOutputs; ++j) {
        add_pair(tile.sum[j], wasm_u16x8_load8x8(taps.at(t, j)),
                 wasm_u16x8_load8x8(taps.at(t + 1, j)), weights);
      }
    }
    if (t < count) {
      for (int j = 0; j < kTileOutputs; ++j) {
        add_pair(tile.sum[j], wasm_u16x8_load8x8(taps.at(t, j)), wasm_i16x8_splat(0), weights);
      }
    }
  }

  void finish(const v128_t (&sum)[2], const std::byte* panel, ptrdiff_t index,
              int32_t count) const {
    const v128_t multipliers0 = wasm_v128_load(panel + kPanelMultiplierOffset);
    const v128_t multipliers1 = wasm_v128_load(panel + kPanelMultiplierOffset + 16);
    store_first_u8(output_ + index,
                   requantizer_.to_u8x8(sum[0], sum[1], multipliers0, multipliers1), count);
  }

 private:
  static void add_pair(v128_t (&sum)[2], v128_t x0, v128_t x1, const std::byte* weights) {
    const v128_t low = wasm_i16x8_shuffle(x0, x1, 0, 8, 1, 9, 2, 10, 3, 11);
    const v128_t high = wasm_i16x8_shuffle(x0, x1, 4, 12, 5, 13, 6, 14, 7, 15);
    sum[0] = wasm_i32x4_add(sum[0], wasm_i32x4_dot_i16x8(low, wasm_v128_load(weights)));
    sum[1] = wasm_i32x4_add(sum[1], wasm_i32x4_dot_i16x8(high, wasm_v128_load(weights + 16)));
  }

  uint8_t* output_;
  Requantizer requantizer_;
};

class SlidingU8S8 {
 public:
  using Source = uint8_t;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_u8s8(taps); }

  // Of channels 0-3 and 4-7: the top and middle inputs in pairs, the bottom one paired with zero.
  struct Column {
    v128_t pair[2];
    v128_t single[2];
  };

  struct Sum {
    v128_t sum[2];
  };

  struct Weights {
    Sum bias;
    v128_t multiplier[2];
    v128_t pair[3][2];
    v128_t single[3][2];

    // From pairs of taps that follow each other to pairs of taps below each other.
    explicit Weights(const std::byte* panel) {
      for (int half = 0; half < 2; ++half) {
        bias.sum[half] = wasm_v128_load(panel);
        multiplier[half] = wasm_v128_load(panel + kPanelMultiplierOffset);
        const std::byte* taps = panel + kPanelHeaderBytesU8S8;
        const v128_t w01 = wasm_v128_load(taps);
        const v128_t w23 = wasm_v128_load(taps + 32);
        const v128_t w45 = wasm_v128_load(taps + 64);
        const v128_t w67 = wasm_v128_load(taps + 96);
        pair[0][half] = wasm_i16x8_shuffle(w01, w23, 0, 9, 2, 11, 4, 13, 6, 15);
        pair[1][half] = wasm_i16x8_shuffle(w01, w45, 1, 8, 3, 10, 5, 12, 7, 14);
        pair[2][half] = wasm_i16x8_shuffle(w23, w45, 0, 9, 2, 11, 4, 13, 6, 15);
        single[0][half] = wasm_v128_and(w67, wasm_i32x4_splat(0xffff));
        single[1][half] = wasm_u32x4_shr(w67, 16);
        single[2][half] = wasm_v128_load(taps + 128);
        panel += 16;
      }
    }
  };

  explicit SlidingU8S8(const DepthwiseU8S8& d)
      : output_(d.output), requantizer_(d.output_zero_point, d.qmin, d.qmax) {}

  static Column column(const uint8_t* top, const uint8_t* middle, const uint8_t* bottom) {
    const v128_t x0 = wasm_u16x8_load8x8(top);
    const v128_t x1 = wasm_u16x8_load8x8(middle);
    const v128_t x2 = wasm_u16x8_load8x8(bottom);
    const v128_t zero = wasm_i32x4_splat(0);
    return {{wasm_i16x8_shuffle(x0, x1, 0, 8, 1, 9, 2, 10, 3, 11),
             wasm_i16x8_shuffle(x0, x1, 4, 12, 5, 13, 6, 14, 7, 15)},
            {wasm_i16x8_shuffle(x2, zero, 0, 8, 1, 9, 2, 10, 3, 11),
             wasm_i16x8_shuffle(x2, zero, 4, 12, 5, 13, 6, 14, 7, 15)}};
  }

  static Sum add(Sum s, const Weights& weights, const Column& column, int kx) {
    for (int half = 0; half < 2; ++half) {
      const v128_t pair = wasm_i32x4_dot_i16x8(column.pair[half], weights.pair[kx][half]);
      const v128_t single = wasm_i32x4_dot_i16x8(column.single[half], weights.single[kx][half]);
      s.sum[half] = wasm_i32x4_add(wasm_i32x4_add(s.sum[half], pair), single);
    }
    return s;
  }

  void finish(const Sum& s, const Weights& weights, ptrdiff_t index, int32_t count) const {
    store_first_u8(
        output_ + index,
        requantizer_.to_u8x8(s.sum[0], s.sum[1], weights.multiplier[0], weights.multiplier[1]),
        count);
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

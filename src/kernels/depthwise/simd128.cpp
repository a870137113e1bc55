#include "kernels/depthwise/tiled_simd128.h"
#include "kernels/kernels.h"
#include "kernels/output_simd128.h"

namespace lowbit::kernels {
namespace {

class KernelF32 {
 public:
  using Source = float;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesF32;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_f32(taps); }
  static constexpr ptrdiff_t weights_offset(int32_t tap) { return ptrdiff_t{tap} * 32; }

  explicit KernelF32(const DepthwiseF32& d) : output_(d.output), clamp_(d.min, d.max) {}

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

// Taps are taken in pairs: the bytes of two taps, interleaved channel by channel, meet the weights
// of the two.
class KernelU8S8 {
 public:
  using Source = uint8_t;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesU8S8;
  static constexpr size_t panel_bytes(int32_t taps) { return panel_bytes_u8s8(taps); }
  static constexpr ptrdiff_t weights_offset(int32_t tap) { return ptrdiff_t{tap} * 16; }

  explicit KernelU8S8(const DepthwiseU8S8& d)
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
        add_pair(tile.sum[j], wasm_u16x8_load8x8(taps.at(t, j)), wasm_i16x8_splat(0),
                 weights);
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

}  // namespace

void depthwise_f32__simd128(const DepthwiseF32& d) {
  const KernelF32 kernel(d);
  TiledDepthwise<KernelF32>(kernel, d.window, d.input, d.packed, 0.0f).run();
}

void depthwise_u8s8__simd128(const DepthwiseU8S8& d) {
  const KernelU8S8 kernel(d);
  const auto padding = static_cast<uint8_t>(d.input_zero_point);
  TiledDepthwise<KernelU8S8>(kernel, d.window, d.input, d.packed, padding).run();
}

}  // namespace lowbit::kernels

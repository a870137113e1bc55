// FP32: a multiplication and an addition per tap and channel, rounded as MultiplyAdd does.
#pragma once

#include "kernels/depthwise/sliding.h"

namespace lowbit::kernels {

// MultiplyAdd: call(a, b, c) is a * b + c in four floats.
template <class MultiplyAdd, int kKernelSize>
class SlidingF32 {
 public:
  using Source = float;
  using Sum = v128_t;
  static constexpr int kSize = kKernelSize;
  static constexpr int32_t kChannels = 4;  // with 8, the sums would not fit the registers
  static constexpr size_t panel_bytes() { return panel_bytes_f32(kSize * kSize); }

  struct Weights {
    v128_t bias;
    v128_t taps[kSize * kSize];

    Weights(const std::byte* panel, int32_t lane) {
      const auto* values = part<float>(panel, 0) + lane;
      bias = wasm_v128_load(values);
      for (v128_t& tap : taps) tap = wasm_v128_load(values += kPanelColumns);
    }
  };

  struct Column {
    v128_t x[kSize];

    [[gnu::always_inline]] void advance(const float* const (&rows)[kSize]) {
      unroll<kSize>([&](auto ky)
                        __attribute__((always_inline)) { x[ky] = wasm_v128_load(rows[ky]); });
    }
  };

  explicit SlidingF32(const DepthwiseF32& d) : output_(d.output), clamp_(d.min, d.max) {}

  // With 25 products added one by one, outputs would wait for their sums longer than a processor
  // looks ahead; so the columns of a large kernel are summed by themselves.
  template <int kx>
  [[gnu::always_inline]] static void add(Sum& sum, const Weights& weights, const Column& column) {
    if constexpr (kSize > 3) {
      v128_t products = wasm_f32x4_mul(column.x[0], weights.taps[kx]);
      add_rows<kx, 1>(products, weights, column);
      sum = wasm_f32x4_add(sum, products);
    } else {
      add_rows<kx, 0>(sum, weights, column);
    }
  }

  void finish(const Sum& sum, const Weights&, ptrdiff_t index, int32_t count) const {
    clamp_.store(output_ + index, sum, count);
  }

 private:
  template <int kx, int kFirst>
  [[gnu::always_inline]] static void add_rows(v128_t& sum, const Weights& weights,
                                              const Column& column) {
    unroll<kSize - kFirst>([&](auto i) __attribute__((always_inline)) {
      constexpr int ky = kFirst + i;
      sum = MultiplyAdd::call(column.x[ky], weights.taps[ky * kSize + kx], sum);
    });
  }

  float* output_;
  Clamp clamp_;
};

}  // namespace lowbit::kernels

// FP32: a multiplication and an addition per element of K, rounded as MultiplyAdd does.
#pragma once

#include "kernels/kernels.h"
#include "kernels/matmul/direct.h"

namespace lowbit::kernels {

// MultiplyAdd: call(a, b, c) is a * b + c in four floats.
template <class MultiplyAdd>
class DirectF32 {
 public:
  using Source = float;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesF32;
  static constexpr int32_t kWordBytes = 32;

  template <int kTileRows>
  static void run(const MatmulF32& product) {
    DirectProduct<DirectF32>::template run<kTileRows>(DirectF32(product), product.rows,
                                                      product.packed, product.columns);
  }

  template <int kRows, int kPanels>
  static void accumulate(Tile<kRows, kPanels>& tile, const Words<kRows>& words, const std::byte* b,
                         ptrdiff_t panel_bytes) {
    words.for_each([&](const v128_t(&x)[kRows]) __attribute__((always_inline)) {
      for (int p = 0; p < kPanels; ++p) {
        const Lanes8 w = load_lanes8(b + p * panel_bytes);
        for (int r = 0; r < kRows; ++r) {
          for (int h = 0; h < 2; ++h) {
            v128_t& sum = tile.sum[r][p].half[h];
            sum = MultiplyAdd::call(x[r], w.half[h], sum);
          }
        }
      }
      b += kWordBytes;
    });
  }

  template <int kRows, int kPanels>
  void finish(const Tile<kRows, kPanels>& tile, const std::byte*, ptrdiff_t, int32_t row,
              int32_t column) const {
    float* c = c_ + row * c_stride_ + column;
    for (int p = 0; p < kPanels; ++p) {
      const int32_t count = std::min(kPanelColumns, columns_ - column - p * kPanelColumns);
      for (int r = 0; r < kRows; ++r) clamp_.store(c + r * c_stride_, tile.sum[r][p], count);
      c += kPanelColumns;
    }
  }

 private:
  explicit DirectF32(const MatmulF32& product)
      : c_(product.c),
        c_stride_(product.c_stride),
        columns_(product.columns),
        clamp_(product.min, product.max) {}

  float* c_;
  ptrdiff_t c_stride_;
  int32_t columns_;
  Clamp clamp_;
};

}  // namespace lowbit::kernels

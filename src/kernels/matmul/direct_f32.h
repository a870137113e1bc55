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
    if (column + kPanels * kPanelColumns > product_->columns) {
      const Tile<kRows, kPanels> sums = tile;
      return finish_part(&sums.sum[0][0], kRows, kPanels, *product_, row, column);
    }
    float* c = c_ + row * c_stride_ + column;
    for (int p = 0; p < kPanels; ++p) {
      for (int r = 0; r < kRows; ++r) clamp_.store(c + r * c_stride_, tile.sum[r][p]);
      c += kPanelColumns;
    }
  }

 private:
  // Of sums [rows][panels], those that are within C.
  [[gnu::noinline]] static void finish_part(const Lanes8* sums, int32_t rows, int32_t panels,
                                            const MatmulF32& product, int32_t row, int32_t column) {
    const Clamp clamp(product.min, product.max);
    for (int32_t r = 0; r < rows; ++r) {
      float* c = product.c + ptrdiff_t{row + r} * product.c_stride + column;
      for (int32_t p = 0; p < panels; ++p, c += kPanelColumns) {
        const int32_t rest = product.columns - column - p * kPanelColumns;
        clamp.store(c, *sums++, std::min(kPanelColumns, rest));
      }
    }
  }

  explicit DirectF32(const MatmulF32& product)
      : product_(&product),
        c_(product.c),
        c_stride_(product.c_stride),
        clamp_(product.min, product.max) {}

  const MatmulF32* product_;
  float* c_;
  ptrdiff_t c_stride_;
  Clamp clamp_;
};

}  // namespace lowbit::kernels

// The output stage of the integer products: sums to bytes of C.
#pragma once

#include <algorithm>

#include "kernels/matmul/matmul.h"
#include "kernels/matmul/tile.h"
#include "kernels/packed.h"

namespace lowbit::kernels {

class RequantizedOutput {
 public:
  explicit RequantizedOutput(const MatmulU8S8& product)
      : product_(&product),
        c_(product.c),
        c_stride_(product.c_stride),
        requantizer_(product.output_zero_point, product.qmin, product.qmax, product.is_bounded),
        plain_columns_(requantizer_.needs_clamp() ? 0 : product.columns) {}

  // The tile's first element is C[row, column]; its panels' headers hold the multipliers. No call
  // is among the sums of a whole tile: it would send all of them through memory.
  template <int kRows, int kPanels>
  void finish(const Tile<kRows, kPanels>& tile, const std::byte* panel, ptrdiff_t panel_bytes,
              int32_t row, int32_t column) const {
    if (column + kPanels * kPanelColumns > plain_columns_) {
      const Tile<kRows, kPanels> sums = tile;
      return finish_part(&sums.sum[0][0], kRows, kPanels, panel, panel_bytes, *product_, row,
                         column);
    }
    uint8_t* c = c_ + row * c_stride_ + column;
    for (int p = 0; p < kPanels; ++p) {
      const Lanes8 multipliers = load_lanes8(panel + kPanelMultiplierOffset);
      for (int r = 0; r + 1 < kRows; r += 2) {
        requantizer_.store_all(c + r * c_stride_, c + (r + 1) * c_stride_, tile.sum[r][p],
                               tile.sum[r + 1][p], multipliers);
      }
      if constexpr (kRows % 2 == 1) {
        requantizer_.store_all(c + (kRows - 1) * c_stride_, tile.sum[kRows - 1][p], multipliers);
      }
      panel += panel_bytes;
      c += kPanelColumns;
    }
  }

 private:
  // Of sums [rows][panels], those that are within C; clamped.
  [[gnu::noinline]] static void finish_part(const Lanes8* sums, int32_t rows, int32_t panels,
                                            const std::byte* panel, ptrdiff_t panel_bytes,
                                            const MatmulU8S8& product, int32_t row,
                                            int32_t column) {
    const Requantizer requantizer(product.output_zero_point, product.qmin, product.qmax, false);
    for (int32_t p = 0; p < panels; ++p, panel += panel_bytes, column += kPanelColumns) {
      const Lanes8 multipliers = load_lanes8(panel + kPanelMultiplierOffset);
      const int32_t count = std::min(kPanelColumns, product.columns - column);
      for (int32_t r = 0; r < rows; ++r) {
        uint8_t* c = product.c + ptrdiff_t{row + r} * product.c_stride + column;
        requantizer.store(c, sums[r * panels + p], multipliers, count);
      }
    }
  }

  const MatmulU8S8* product_;
  uint8_t* c_;
  ptrdiff_t c_stride_;
  Requantizer requantizer_;
  int32_t plain_columns_;  // those that need no clamp: all or none
};

}  // namespace lowbit::kernels

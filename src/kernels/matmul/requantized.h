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
      : c_(product.c),
        c_stride_(product.c_stride),
        columns_(product.columns),
        requantizer_(product.output_zero_point, product.qmin, product.qmax, product.is_bounded) {}

  // The tile's first element is C[row, column]; its panels' headers hold the multipliers.
  template <int kRows, int kPanels>
  void finish(const Tile<kRows, kPanels>& tile, const std::byte* panel, ptrdiff_t panel_bytes,
              int32_t row, int32_t column) const {
    uint8_t* c = c_ + row * c_stride_ + column;
    for (int p = 0; p < kPanels; ++p) {
      const Lanes8 multipliers = load_lanes8(panel + kPanelMultiplierOffset);
      const int32_t count = std::min(kPanelColumns, columns_ - column - p * kPanelColumns);
      for (int r = 0; r + 1 < kRows; r += 2) {
        requantizer_.store(c + r * c_stride_, c + (r + 1) * c_stride_, tile.sum[r][p],
                           tile.sum[r + 1][p], multipliers, count);
      }
      if constexpr (kRows % 2 == 1) {
        requantizer_.store(c + (kRows - 1) * c_stride_, tile.sum[kRows - 1][p], multipliers, count);
      }
      panel += panel_bytes;
      c += kPanelColumns;
    }
  }

 private:
  uint8_t* c_;
  ptrdiff_t c_stride_;
  int32_t columns_;
  Requantizer requantizer_;
};

}  // namespace lowbit::kernels

// INT8 by a dot product of bytes: A stays bytes, and is read where it lies; four elements of K are
// multiplied and added at once for four columns.
#pragma once

#include "kernels/kernels.h"
#include "kernels/matmul/direct.h"
#include "kernels/matmul/dot_packing.h"
#include "kernels/matmul/requantized.h"

namespace lowbit::kernels {

// Dot: call(weights, activations, sum) adds four products to each of four sums, exactly for the
// weights that were packed.
template <class Dot>
class DirectDot : public RequantizedOutput {
 public:
  using Source = uint8_t;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesU8S8;
  static constexpr int32_t kWordBytes = kPanelColumns * kDotDepth;

  template <int kTileRows>
  static void run(const MatmulU8S8& product) {
    DirectProduct<DirectDot>::template run<kTileRows>(DirectDot(product), product.rows,
                                                      product.packed, product.columns);
  }

  using RequantizedOutput::RequantizedOutput;

  template <int kRows, int kPanels>
  static void accumulate(Tile<kRows, kPanels>& tile, const Words<kRows>& words, const std::byte* b,
                         ptrdiff_t panel_bytes) {
    words.for_each([&](const v128_t(&x)[kRows]) __attribute__((always_inline)) {
      for (int p = 0; p < kPanels; ++p) {
        const Lanes8 w = load_lanes8(b + p * panel_bytes);
        for (int r = 0; r < kRows; ++r) {
          for (int h = 0; h < 2; ++h) {
            v128_t& sum = tile.sum[r][p].half[h];
            sum = Dot::call(w.half[h], x[r], sum);
          }
        }
      }
      b += kWordBytes;
    });
  }
};

}  // namespace lowbit::kernels

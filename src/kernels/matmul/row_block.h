// A block of A, gathered: 16 rows of one block of K, dense, widened to what the kernel's inner loop
// reads. An im2col that never leaves the first-level cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/rows.h"

namespace lowbit::kernels {

// A Kernel brings the types Source (of A) and Element (of the block), kBlockDepth, and
//   copy(source, count, target)   may read and write up to 64 bytes further
//   pad(row, count)               completes a gathered row of `count` elements
template <class Kernel>
struct RowBlock {
  using Source = typename Kernel::Source;
  using Element = typename Kernel::Element;
  static constexpr int32_t kRows = 16;
  // A cache line more than a row: room for copy(), and rows that do not compete for cache sets.
  static constexpr int32_t kStride =
      Kernel::kBlockDepth + 64 / static_cast<int32_t>(sizeof(Element));

  alignas(64) Element elements[kRows][kStride];

  // Elements [k0, k0 + k_count) of rows [row0, row0 + row_count).
  void gather(const MatmulRows<Source>& rows, int32_t row0, int32_t row_count, int32_t k0,
              int32_t k_count) {
    for (int32_t i = 0; i < row_count; ++i) {
      if (rows.taps == 1) {
        Kernel::copy(row_piece(rows, row0 + i, 0) + k0, k_count, elements[i]);
      } else {
        gather_pieces(rows, row0 + i, k0, k_count, elements[i]);
      }
      Kernel::pad(elements[i], k_count);
    }
  }

 private:
  // The table is taken by value: as a copy, the stores cannot alias it.
  static void gather_pieces(const MatmulRows<Source> rows, int32_t row, int32_t k0, int32_t k_count,
                            Element* target) {
    int32_t tap = k0 / rows.depth;
    int32_t skip = k0 % rows.depth;
    for (int32_t rest = k_count; rest > 0; ++tap) {
      const int32_t count = std::min(rows.depth - skip, rest);
      Kernel::copy(row_piece(rows, row, tap) + skip, count, target);
      target += count;
      rest -= count;
      skip = 0;
    }
  }
};

}  // namespace lowbit::kernels

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
    const int32_t first_tap = k0 / rows.depth;
    const int32_t first_skip = k0 % rows.depth;
    for (int32_t i = 0; i < row_count; ++i) {
      gather_row(rows, row0 + i, first_tap, first_skip, k_count, elements[i]);
      Kernel::pad(elements[i], k_count);
    }
  }

 private:
  // The table is taken by value: as a copy, the stores cannot alias it.
  static void gather_row(const MatmulRows<Source> rows, int32_t row, int32_t tap, int32_t skip,
                         int32_t k_count, Element* target) {
    const Source* start = row_start(rows, row);
    const int32_t words = piece_words(rows.depth, sizeof(Source));
    const int32_t* offset = rows.words + tap * words;
    for (int32_t rest = k_count; rest > 0; offset += words) {
      const int32_t count = std::min(rows.depth - skip, rest);
      const int32_t elements = *offset / static_cast<int32_t>(sizeof(Source));
      Kernel::copy(start + elements + skip, count, target);
      target += count;
      rest -= count;
      skip = 0;
    }
  }
};

}  // namespace lowbit::kernels

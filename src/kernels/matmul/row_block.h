// A block of A, gathered: 16 rows of one block of K, dense, widened to what the kernel's inner loop
// reads. An im2col that never leaves the first-level cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/rows.h"

namespace lowbit::kernels {

// In elements.
inline constexpr int32_t kCopyStep = 16;

// A Copy brings the types Source (of A) and Element (of the block), kBlockDepth, and
//   copy(source, count, target)   in whole steps: reads and writes up to kCopyStep - 1 further
template <class Copy>
struct RowBlock {
  using Source = typename Copy::Source;
  using Element = typename Copy::Element;
  static constexpr int32_t kRows = 16;
  // A cache line more than a row: room for copy(), and rows that do not compete for cache sets.
  static constexpr int32_t kStride = Copy::kBlockDepth + 64 / static_cast<int32_t>(sizeof(Element));

  alignas(64) Element elements[kRows][kStride];

  // Elements [k0, k0 + k_count) of rows [row0, row0 + row_count). Piece by piece, so that a piece
  // of one step is copied for all rows by a loop that has none within. One function for all kernels
  // with the same Copy.
  [[gnu::noinline]] void gather(const MatmulRows<Source>& rows, int32_t row0, int32_t row_count,
                                int32_t k0, int32_t k_count) {
    const Source* starts[kRows];
    for (int32_t i = 0; i < row_count; ++i) starts[i] = row_start(rows, row0 + i);
    const int32_t words = piece_words(rows.depth, sizeof(Source));
    const int32_t* offset = rows.words + k0 / rows.depth * words;
    int32_t skip = k0 % rows.depth;
    for (int32_t k = 0; k < k_count; offset += words) {
      const int32_t count = std::min(rows.depth - skip, k_count - k);
      const ptrdiff_t at = *offset / static_cast<int32_t>(sizeof(Source)) + skip;
      if (count <= kCopyStep) {
        for (int32_t i = 0; i < row_count; ++i) {
          Copy::copy(starts[i] + at, kCopyStep, elements[i] + k);
        }
      } else {
        for (int32_t i = 0; i < row_count; ++i) Copy::copy(starts[i] + at, count, elements[i] + k);
      }
      k += count;
      skip = 0;
    }
  }
};

}  // namespace lowbit::kernels

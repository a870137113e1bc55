// Where a row of A, and one piece of it, begin (MatmulRows in matmul.h).
#pragma once

#include <cstddef>

#include "kernels/matmul/matmul.h"

namespace lowbit::kernels {

template <class T>
const T* row_start(const MatmulRows<T>& rows, int32_t row) {
  return rows.a + (rows.row_offsets == nullptr ? ptrdiff_t{row} * rows.row_stride
                                               : ptrdiff_t{rows.row_offsets[row]});
}

template <class T>
const T* row_piece(const MatmulRows<T>& rows, int32_t row, int32_t tap) {
  const int32_t bytes = rows.words[tap * piece_words(rows.depth, sizeof(T))];
  return row_start(rows, row) + bytes / static_cast<int32_t>(sizeof(T));
}

}  // namespace lowbit::kernels

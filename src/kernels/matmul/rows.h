// Where one piece of a row of A begins (MatmulRows in matmul.h).
#pragma once

#include <cstddef>

#include "kernels/matmul/matmul.h"

namespace lowbit::kernels {

template <class T>
const T* row_piece(const MatmulRows<T>& rows, int32_t row, int32_t tap) {
  if (rows.offsets == nullptr) return rows.a + ptrdiff_t{row} * rows.row_stride;
  const int32_t offset = rows.offsets[ptrdiff_t{row} * rows.taps + tap];
  return offset == kPaddingOffset ? rows.padding : rows.a + offset;
}

}  // namespace lowbit::kernels

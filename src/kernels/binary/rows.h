// Walks arrays that broadcast, row by row: the innermost dimension is a row, in which each operand
// steps by its own stride.
#pragma once

#include <array>

#include "kernels/binary/binary.h"

namespace lowbit::kernels {

template <size_t operand_count>
struct RowOf {
  std::array<int64_t, operand_count> offsets{};  // of the row's first element
  std::array<int64_t, operand_count> steps{};    // from one element to the next
};

// Calls visit(row, columns) for the rows of a dense result of shape `dims` in order.
template <size_t operand_count, class Visit>
void for_each_row(const Shape& dims, std::array<const Strides*, operand_count> strides,
                  Visit visit) {
  RowOf<operand_count> row;
  const int inner = dims.rank() - 1;
  if (inner < 0) return visit(row, int64_t{1});
  for (size_t k = 0; k < operand_count; ++k) {
    row.steps[k] = (*strides[k])[static_cast<size_t>(inner)];
  }
  std::array<int64_t, kMaxRank> index{};
  for (;;) {
    visit(row, dims[inner]);
    int axis = inner - 1;
    for (; axis >= 0; --axis) {
      const auto i = static_cast<size_t>(axis);
      for (size_t k = 0; k < operand_count; ++k) row.offsets[k] += (*strides[k])[i];
      if (++index[i] < dims[axis]) break;
      for (size_t k = 0; k < operand_count; ++k) row.offsets[k] -= (*strides[k])[i] * dims[axis];
      index[i] = 0;
    }
    if (axis < 0) return;
  }
}

}  // namespace lowbit::kernels

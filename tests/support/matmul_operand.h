// Operand A of the matrix products, anywhere in memory that they allow.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "kernels/matmul/matmul.h"
#include "tensor/tensor.h"

namespace lowbit::test {

struct ProductSizes {
  int32_t rows = 1;
  int32_t columns = 1;
  int32_t taps = 1;
  int32_t depth = 1;
  bool table = false;

  int32_t k() const { return taps * depth; }
};

// Rows of A in memory of exactly the promised size. With a table, rows begin anywhere and their
// pieces lie anywhere behind that, the last one at the end; without, rows have gaps between them.
// Gaps and slack hold `garbage`.
template <class T>
class Operand {
 public:
  Operand(Random& random, const ProductSizes& s, T garbage, auto value) : sizes_(s) {
    for (int32_t t = 0; t < s.taps; ++t) {
      tap_offsets_.push_back(t > 0 ? below(random, 7 * s.depth) : 0);
    }
    const int32_t row_end = *std::ranges::max_element(tap_offsets_) + s.depth;
    stride_ = s.depth + below(random, 5);
    if (s.table) {
      for (int32_t i = 0; i < s.rows; ++i) row_offsets_.push_back(below(random, s.rows * s.depth));
    }
    const int32_t last_row =
        s.table ? *std::ranges::max_element(row_offsets_) : (s.rows - 1) * stride_;
    values_.assign(static_cast<size_t>(last_row + row_end) + kSlack, garbage);
    for (int32_t i = 0; i < s.rows; ++i) {
      const int32_t row = s.table ? row_offsets_[static_cast<size_t>(i)] : i * stride_;
      for (const int32_t tap : tap_offsets_) {
        for (int32_t d = 0; d < s.depth; ++d) values_[static_cast<size_t>(row + tap + d)] = value();
      }
    }
    words_ = kernels::word_offsets(tap_offsets_, s.depth, sizeof(T));
  }

  kernels::MatmulRows<T> rows() const {
    return {.a = values_.data(),
            .count = sizes_.rows,
            .depth = sizes_.depth,
            .taps = sizes_.taps,
            .row_stride = stride_,
            .row_offsets = sizes_.table ? row_offsets_.data() : nullptr,
            .words = words_.data()};
  }
  std::vector<T>& values() { return values_; }

 private:
  static constexpr size_t kSlack = Buffer::kSlackBytes / sizeof(T);

  static int32_t below(Random& random, int32_t limit) {
    return static_cast<int32_t>(random.below(static_cast<uint32_t>(limit)));
  }

  ProductSizes sizes_;
  int32_t stride_ = 0;
  std::vector<T> values_;
  std::vector<int32_t> tap_offsets_;
  std::vector<int32_t> row_offsets_;
  std::vector<int32_t> words_;
};

}  // namespace lowbit::test

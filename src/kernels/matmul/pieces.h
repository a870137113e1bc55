// Where the elements of a few rows of A are: for each piece of K, the place in every row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/rows.h"

namespace lowbit::kernels {

// How K is cut for packing. B's rows are packed piece by piece, each padded with zeros to a
// multiple of the kernel's step; what integers A has there does not matter.
struct PieceSizes {
  int32_t count = 1;   // taps
  int32_t length = 0;  // depth
  int32_t padded_length = 0;

  constexpr PieceSizes(int32_t taps, int32_t depth, int32_t step)
      : count(taps), length(depth), padded_length((depth + step - 1) / step * step) {}
  constexpr int64_t packed_k() const { return int64_t{count} * padded_length; }
};

// The pieces of up to kMaxRows rows.
template <class T>
class RowPieces {
 public:
  static constexpr int kMaxRows = 6;

  explicit RowPieces(const MatmulRows<T>& rows) : rows_(rows) {}

  // Finds the pieces of rows [row, row + count).
  void find(int32_t row, int count) {
    row_ = row;
    row_count_ = count;
    list_from(0);
  }

  // Calls visit(where the piece is in each row) for every piece, in the order of K.
  template <class Visit>
  void for_each(Visit&& visit) {
    if (first_ != 0) list_from(0);
    for (;;) {
      for (int32_t i = 0; i < place_count_; ++i) visit(&places_[i].row[0]);
      if (first_ + place_count_ == rows_.taps) return;
      list_from(first_ + place_count_);
    }
  }

 private:
  // Longer lists are made part by part.
  static constexpr int32_t kMaxPlaces = 32;

  struct Place {
    const T* row[kMaxRows];
  };

  [[gnu::noinline]] void list_from(int32_t first) {
    first_ = first;
    place_count_ = std::min(kMaxPlaces, rows_.taps - first);
    for (int r = 0; r < row_count_; ++r) {
      for (int32_t i = 0; i < place_count_; ++i) {
        places_[i].row[r] = row_piece(rows_, row_ + r, first + i);
      }
    }
  }

  const MatmulRows<T> rows_;
  int32_t row_ = 0;
  int row_count_ = 0;
  int32_t first_ = 0;
  int32_t place_count_ = 0;
  Place places_[kMaxPlaces];
};

}  // namespace lowbit::kernels

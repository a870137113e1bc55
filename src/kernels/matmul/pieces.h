// Where the elements of a few rows of A are: a list of pieces, each contiguous in every one of the
// rows, whose lengths are multiples of the kernel's step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/rows.h"
#include "kernels/simd.h"

namespace lowbit::kernels {

// How K is cut for packing. B's rows are packed piece by piece, each padded with zeros to a
// multiple of the kernel's step; A has something finite there, so that the products vanish.
struct PieceSizes {
  int32_t taps = 1;    // of a piece
  int32_t length = 0;  // taps * depth
  int32_t padded_length = 0;
  int32_t count = 1;

  int64_t packed_k() const { return int64_t{count} * padded_length; }
};

// Short pieces that would need padding are joined along a run of taps, as an 8-bit image of 1 or 3
// channels would else be mostly padding.
inline constexpr int32_t kMaxJoinedLength = 64;

constexpr PieceSizes piece_sizes(int32_t taps, int32_t depth, int32_t run, int32_t step) {
  PieceSizes sizes;
  if (depth % step != 0 && run * depth <= kMaxJoinedLength) sizes.taps = run;
  sizes.length = sizes.taps * depth;
  sizes.padded_length = (sizes.length + step - 1) / step * step;
  sizes.count = taps / sizes.taps;
  return sizes;
}

template <class T, int kRows, int kStep>
class RowPieces {
 public:
  RowPieces(const MatmulRows<T>& rows, const PieceSizes& sizes, int32_t row)
      : rows_(rows), sizes_(sizes), row_(row) {}

  // Lists the pieces from tap `first` on, as many as fit.
  void find(int32_t first) {
    first_ = first;
    next_ = first;
    count_ = 0;
    if (rows_.offsets == nullptr) {
      for (int r = 0; r < kRows; ++r) places_[0].row[r] = row_piece(rows_, row_ + r, 0);
      places_[0].length = sizes_.padded_length;
      count_ = 1;
      next_ = rows_.taps;
      return;
    }
    for (; next_ < rows_.taps && count_ + rows_.run <= kMaxPlaces; next_ += rows_.run) add_run();
    // A run that is longer than the list is taken tap by tap.
    if (count_ == 0) {
      for (; next_ < rows_.taps && count_ < kMaxPlaces; next_ += sizes_.taps) add_piece(next_);
    }
  }

  // Calls visit(places of the rows, padded length) for every piece, in the order of K.
  template <class Visit>
  void for_each(Visit&& visit) {
    if (first_ != 0) find(0);
    for (;;) {
      for (int32_t i = 0; i < count_; ++i) visit(&places_[i].row[0], places_[i].length);
      if (next_ == rows_.taps) return;
      find(next_);
    }
  }

 private:
  static constexpr int32_t kMaxPlaces = 32;

  struct Place {
    const T* row[kRows];
    int32_t length;
  };

  const int32_t* offsets(int r, int32_t tap) const {
    return rows_.offsets + (ptrdiff_t{row_} + r) * rows_.taps + tap;
  }

  // True when the run of taps that begins at `tap` is contiguous in row r.
  bool is_contiguous(int r, int32_t tap) const {
    const int32_t* offset = offsets(r, tap);
    return offset[0] != kPaddingOffset &&
           offset[rows_.run - 1] - offset[0] == (rows_.run - 1) * rows_.depth;
  }

  void add_run() {
    if (sizes_.taps == rows_.run) {
      add_piece(next_);
      return;
    }
    bool all = sizes_.length == sizes_.padded_length;
    for (int r = 0; r < kRows && all; ++r) all = is_contiguous(r, next_);
    if (!all) {
      for (int32_t i = 0; i < rows_.run; ++i) add_piece(next_ + i);
      return;
    }
    Place& place = places_[count_++];
    for (int r = 0; r < kRows; ++r) place.row[r] = rows_.a + *offsets(r, next_);
    place.length = rows_.run * rows_.depth;
  }

  void add_piece(int32_t tap) {
    Place& place = places_[count_];
    for (int r = 0; r < kRows; ++r) {
      place.row[r] = sizes_.taps == 1 ? row_piece(rows_, row_ + r, tap) : joined(r, tap);
    }
    place.length = sizes_.padded_length;
    ++count_;
  }

  // A run of short taps, copied together where some lie in the padding.
  const T* joined(int r, int32_t tap) {
    if (is_contiguous(r, tap)) return rows_.a + *offsets(r, tap);
    T* target = copies_[count_][r];
    for (int32_t i = 0; i < rows_.run; ++i) {
      const T* source = row_piece(rows_, row_ + r, tap + i);
      for (int32_t d = 0; d < rows_.depth; ++d) *target++ = source[d];
    }
    return copies_[count_][r];
  }

  const MatmulRows<T> rows_;
  const PieceSizes sizes_;
  const int32_t row_;
  int32_t first_ = 0;
  int32_t next_ = 0;
  int32_t count_ = 0;
  Place places_[kMaxPlaces];
  // Never needed where the step is one element: nothing is padded then.
  T copies_[kStep > 1 ? kMaxPlaces : 1][kRows][kMaxJoinedLength];
};

}  // namespace lowbit::kernels

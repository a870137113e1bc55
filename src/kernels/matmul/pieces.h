// Where the elements of a block of rows of A are: for each piece of K, the place in every row.
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

// The pieces of a few tiles of up to kMaxRows rows.
template <class T>
class RowPieces {
 public:
  static constexpr int32_t kMaxRows = 8;

  explicit RowPieces(const MatmulRows<T>& rows) : rows_(rows) {}

  // How many tiles of that many rows fit the list, and, as A is read again for each panel, a
  // first-level cache beside a panel.
  int32_t tiles_at_once(int32_t tile_rows) const {
    constexpr int64_t kBlockBytes = 16384;
    const int64_t tile_bytes = int64_t{rows_.taps} * rows_.depth * tile_rows * int64_t{sizeof(T)};
    const int64_t fit = std::min(kBlockBytes / tile_bytes, int64_t{kMaxPlaces / rows_.taps});
    return std::max(1, static_cast<int32_t>(fit));
  }

  // Finds the pieces of `tiles` tiles of `tile_rows` rows from `row` on.
  void find(int32_t row, int32_t tile_rows, int32_t tiles) {
    row_ = row;
    tile_rows_ = tile_rows;
    is_whole_ = rows_.taps <= kMaxPlaces;
    if (!is_whole_ || rows_.offsets == nullptr) return;
    for (int32_t tile = 0; tile < tiles; ++tile) {
      list(tile, 0, rows_.taps, &places_[tile * rows_.taps]);
    }
  }

  // Calls visit(where the piece is in each row) for every piece of a tile of kRows rows, in the
  // order of K.
  template <int kRows, class Visit>
  void for_each(int32_t tile, Visit&& visit) {
    Place only;
    const Place* places = &only;
    if (rows_.offsets == nullptr) {
      const T* first = rows_.a + ptrdiff_t{row_ + tile * kRows} * rows_.row_stride;
      for (int r = 0; r < kRows; ++r) only.row[r] = first + ptrdiff_t{r} * rows_.row_stride;
    } else {
      places = &places_[is_whole_ ? tile * rows_.taps : 0];
    }
    for (int32_t first = 0; first < rows_.taps;) {
      int32_t count = rows_.taps;
      if (!is_whole_) {
        // A list that is too long is made part by part.
        count = std::min(kMaxPlaces, rows_.taps - first);
        list(tile, first, count, places_);
      }
      for (int32_t i = 0; i < count; ++i) visit(&places[i].row[0]);
      first += count;
    }
  }

 private:
  static constexpr int32_t kMaxPlaces = 128;

  struct Place {
    const T* row[kMaxRows];
  };

  // Written for few instructions: of a first layer with 1 to 3 channels, whose sums are short, it
  // would else be half of the time.
  [[gnu::noinline]] void list(int32_t tile, int32_t first, int32_t count, Place* places) const {
    const T* const a = rows_.a;
    const T* const padding = rows_.padding;
    const ptrdiff_t row = row_ + tile * tile_rows_;
    const int32_t* offsets = rows_.offsets + row * rows_.taps + first;
    for (int32_t r = 0; r < tile_rows_; ++r) {
      for (int32_t i = 0; i < count; ++i) {
        places[i].row[r] = offsets[i] == kPaddingOffset ? padding : a + offsets[i];
      }
      offsets += rows_.taps;
    }
  }

  const MatmulRows<T> rows_;
  int32_t row_ = 0;
  int32_t tile_rows_ = 0;
  bool is_whole_ = true;
  Place places_[kMaxPlaces];
};

}  // namespace lowbit::kernels

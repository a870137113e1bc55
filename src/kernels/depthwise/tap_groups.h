// The taps of a square kernel in groups of 2 or 4, as the dot products of the sliding integer
// kernels take them. A group lies within one column of the window, or along its first row:
//
//   3 x 3 in pairs: (1,0 2,0) (1,1 2,1) (1,2 2,2)      (-   0,0) (0,1 0,2)
//   3 x 3 in fours: (0,0 1,0 2,0 -) ...
//   5 x 5 in fours: (1,0 2,0 3,0 4,0) ...              (- - - 0,0) (0,1 0,2 0,3 0,4)
//
// A group along the row ends at the column that completes it, so that its inputs are the last ones
// read. For these sizes no other grouping has fewer.
#pragma once

#include <cstdint>

namespace lowbit::kernels {

struct Tap {
  int32_t y;
  int32_t x;
};

struct TapGroups {
  int32_t size;   // of the kernel, 3 or 5
  int32_t group;  // 2 or 4, of which size - 1 is a multiple unless a column fits one group

  // Rows whose taps are grouped along the row: the first one, or none.
  constexpr int32_t rows_across() const { return size <= group ? 0 : 1; }
  constexpr int32_t groups_per_column() const { return (size - rows_across() + group - 1) / group; }
  constexpr int32_t column_group(int32_t x, int32_t i) const { return x * groups_per_column() + i; }
  // The group along the first row that column x, a multiple of `group`, completes.
  constexpr int32_t row_group(int32_t x) const { return size * groups_per_column() + x / group; }
  constexpr int32_t count() const {
    return size * groups_per_column() + rows_across() * ((size - 1) / group + 1);
  }

  // Tap j of group g; outside the kernel where the group has fewer.
  constexpr Tap tap(int32_t g, int32_t j) const {
    const int32_t along_row = g - size * groups_per_column();
    if (along_row >= 0) return {.y = 0, .x = (along_row - 1) * group + 1 + j};
    return {.y = rows_across() + g % groups_per_column() * group + j, .x = g / groups_per_column()};
  }
  constexpr bool contains(Tap tap) const { return tap.x >= 0 && tap.y < size; }
};

}  // namespace lowbit::kernels

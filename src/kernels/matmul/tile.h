// What the matrix products sum in.
#pragma once

#include "kernels/output_simd128.h"

namespace lowbit::kernels {

// The running sums of kRows rows and kPanels panels of columns.
template <int kRows, int kPanels>
struct Tile {
  Lanes8 sum[kRows][kPanels];
};

}  // namespace lowbit::kernels

// The main tile of a matrix product: the sums that stay in registers along the whole of K, those of
// so many rows and 8 columns. Which is fastest depends on the machine (kernels/tune.h). No result
// does: each sum adds along K in the same order.
#pragma once

#include <cstdint>

namespace lowbit {

// Rows of the main tile of each kernel that has a choice in some tier (kernels/tiles.inc); anything
// that is not in that list stands for the default.
struct Tiles {
  int32_t matmul_f32 = 0;
  int32_t matmul_u8s8 = 0;

  friend bool operator==(const Tiles&, const Tiles&) = default;
};

}  // namespace lowbit

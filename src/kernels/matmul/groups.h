// How the products in groups lay out B.
//
// The reference tier: int32 zero point of A; then, in this order, float[columns] terms of the bias,
// float[columns][blocks] multipliers, int8[columns][K].
//
// The simd128 tier: panels of 8 columns, each
//
//   float[8] terms of the bias; for each block of K a u8s8 panel (packed.h) of its length, without
//   bias: int32[8] -Za * sum of the block's weights, float[8] multipliers, pairs of int16
#pragma once

#include "kernels/matmul/matmul.h"
#include "kernels/packed.h"

namespace lowbit::kernels {

struct ReferencePackedGroups {
  size_t input_zero_point = 0;
  size_t bias = 4;
  size_t multiplier = 0;
  size_t weights = 0;

  ReferencePackedGroups(int32_t columns, int32_t blocks)
      : multiplier(bias + static_cast<size_t>(columns) * 4),
        weights(multiplier + static_cast<size_t>(columns) * static_cast<size_t>(blocks) * 4) {}
};

// Where in a panel the block that begins at row k is.
constexpr size_t group_offset(int32_t k, int32_t block_size) {
  return kPanelHeaderBytesF32 + static_cast<size_t>(k / block_size) * panel_bytes_u8s8(block_size);
}

constexpr size_t groups_panel_bytes(int32_t k, int32_t block_size) {
  const int32_t rest = k % block_size;
  return group_offset(k, block_size) + (rest > 0 ? panel_bytes_u8s8(rest) : 0);
}

}  // namespace lowbit::kernels

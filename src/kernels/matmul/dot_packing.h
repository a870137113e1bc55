// How the relaxed integer products lay out B: panels of 8 columns as in packed.h, but B's rows stay
// bytes, in groups of four, as the relaxed dot product takes them:
//
//   int32[8] bias with the zero point folded in; float[8] multipliers;
//   int8[packed_k / 4][8][4], piece by piece (pieces.h), zero where a piece is padded
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/matmul/matmul.h"
#include "kernels/matmul/pieces.h"
#include "kernels/packed.h"

namespace lowbit::kernels {

inline constexpr int32_t kDotDepth = 4;  // elements of K that one lane of the dot product adds

// activation_offset: what is subtracted from the activations before the product, -128 where they
// are made signed.
void pack_dot_panels(const PackMatmulU8S8& product, const PieceSizes& sizes,
                     int32_t activation_offset);

size_t dot_panels_bytes(int32_t columns, const PieceSizes& sizes);

// Class P notes the kind of each panel before the panels, in a multiple of 64 bytes.
constexpr size_t dot_kinds_bytes(int32_t columns) {
  return (static_cast<size_t>(columns) / kPanelColumns / 64 + 1) * 64;
}

}  // namespace lowbit::kernels

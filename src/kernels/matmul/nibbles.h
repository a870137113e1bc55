// Weights of four bits: how the u8s4 products hold and unpack them.
//
// Reference: a column after another, each as packed.h has a product of this one column, but its
// weights are nibbles, the first in a byte's low half.
//
// SIMD: panels are those of the 8-bit product (packed.h), header included, but B's weights are
// nibbles. 16 bytes hold four rows of K: bytes 4j to 4j + 3 those of column j in their low halves,
// of column j + 4 in their high ones.
//
//   dot    a column's four bytes are rows 0, 1, 2, 3. The low half is weight + 8, so that the
//          whole byte, as a signed one, is 16 * high weight + low weight + 8
//   pairs  a column's four bytes are rows 0, 2, 1, 3, so that an int16 lane has a nibble of each of
//          the four vectors that simd128 multiplies with two pairs; nibbles are signed
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/matmul/pieces.h"
#include "kernels/packed.h"

namespace lowbit::kernels {

inline constexpr int32_t kNibbleDepth = 4;       // rows of K in kNibbleStepBytes
inline constexpr int32_t kNibbleStepBytes = 16;  // for 8 columns

constexpr size_t reference_u8s4_column_bytes(int32_t k) {
  return ReferencePackedU8S8(1).weights + (static_cast<size_t>(k) + 7) / 8 * 4;
}

enum class NibbleLayout : uint8_t { kDot, kPairs };

// `sizes` padded to kNibbleDepth.
constexpr uint64_t nibble_panel_bytes(const PieceSizes& sizes) {
  return kPanelHeaderBytesU8S8 +
         static_cast<uint64_t>(sizes.packed_k()) * (kNibbleStepBytes / kNibbleDepth);
}

// activation_offset as in dot_packing.h.
void pack_nibble_panels(const PackMatmulU8S8& product, const PieceSizes& sizes, NibbleLayout layout,
                        int32_t activation_offset);

}  // namespace lowbit::kernels

// Weights of four bits: how the u8s4 products hold and unpack them.
//
// Reference: a column after another, each as packed.h has a product of this one column, but its
// weights are nibbles, the first in a byte's low half.
//
// SIMD: panels are those of the 8-bit product (packed.h), header included, but B's weights are
// nibbles, of as many rows of K at a time as the kernel's dot product adds in a lane, 2 or 4: those
// of column j, one row a byte, in low halves, those of column j + 4 in the high halves of the same
// bytes. The low half is weight + 8, so that the whole byte, as a signed one, is
//
//   16 * high weight + low weight + 8
//
// and one operation takes it apart: with the low halves alone as another factor, the sums of
// products are low + 8 * activations, and 16 * high + that.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/matmul/pieces.h"
#include "kernels/packed.h"

namespace lowbit::kernels {

inline constexpr int32_t kNibbleDepth = 4;  // what K is padded to
inline constexpr int32_t kNibbleRowBytes = 4;
inline constexpr int32_t kNibbleBias = 8;

// For bytes or int16. In memory, for the reason of kRoundingShift in simd_u8.h, and defined where
// nothing uses them: known, they would make unpack_bytes() an arithmetic shift of bytes, which x86
// lacks.
extern const int16_t kNibbleMask16;
extern const uint8_t kNibbleMask;
extern const uint8_t kNibbleBiasByte;

constexpr size_t reference_u8s4_column_bytes(int32_t k) {
  return ReferencePackedU8S8(1).weights + (static_cast<size_t>(k) + 7) / 8 * 4;
}

// `sizes` padded to kNibbleDepth.
constexpr uint64_t nibble_panel_bytes(const PieceSizes& sizes) {
  return kPanelHeaderBytesU8S8 + static_cast<uint64_t>(sizes.packed_k()) * kNibbleRowBytes;
}

// lane_rows: 2 or 4. activation_offset as in dot_packing.h.
void pack_nibble_panels(const PackMatmulU8S8& product, const PieceSizes& sizes, int32_t lane_rows,
                        int32_t activation_offset);

}  // namespace lowbit::kernels

// U8S4 by a dot product of bytes. Many rows run on unpacked panels (unpacking.h); few rows unpack
// in registers, as little as they can (nibbles.h has the layout): the low weights stay 8 too large
// and the high ones with the low ones behind them, and what that adds to the sums is subtracted
// from them in the end.
#pragma once

#include "kernels/kernels.h"
#include "kernels/matmul/direct.h"
#include "kernels/matmul/dot_packing.h"
#include "kernels/matmul/nibbles.h"
#include "kernels/matmul/requantized.h"
#include "kernels/matmul/unpacking.h"

namespace lowbit::kernels {

static_assert(fits_unpacked(kPanelHeaderBytesU8S8 + size_t{kMaxMatmulU8S4Depth} * kPanelColumns));

// For UnpackedPanels.
inline void unpack_bytes(const std::byte* nibbles, std::byte* bytes, size_t byte_count) {
  const v128_t mask = wasm_v128_load8_splat(&kNibbleMask);
  const v128_t bias = wasm_v128_load8_splat(&kNibbleBiasByte);
  const std::byte* end = bytes + byte_count;
  for (; bytes < end; bytes += 32, nibbles += 16) {
    const v128_t both = wasm_v128_load(nibbles);
    const v128_t high = wasm_v128_xor(wasm_v128_and(wasm_u16x8_shr(both, 4), mask), bias);
    wasm_v128_store(bytes, wasm_i8x16_sub(wasm_v128_and(both, mask), bias));
    wasm_v128_store(bytes + 16, wasm_i8x16_sub(high, bias));
  }
}

// Dot: as DirectDot's. kTakesAllBytes: exact for all weights of eight bits, else for 0 to 15.
template <class Dot>
class NibbleDot : public RequantizedOutput {
 public:
  using Source = uint8_t;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesU8S8;
  static constexpr int32_t kWordBytes = kDotDepth * kNibbleRowBytes;

  // Of panels that were packed with `sizes`; `kernel` multiplies their u8s8 form.
  static void run(const MatmulU8S8& product, const PieceSizes& sizes,
                  void (*kernel)(const MatmulU8S8&)) {
    const MatmulRows<uint8_t>& rows = product.rows;
    const size_t u8s8_bytes = dot_panels_bytes(1, sizes);
    // Rows are read where they lie, which class S's panels, packed as one piece, do not match where
    // pieces are padded.
    const PieceSizes pieces(rows.taps, rows.depth, kNibbleDepth);
    const bool is_by_piece = pieces.count == sizes.count || pieces.padded_length == pieces.length;
    // Only padded pieces can be too long to be unpacked, one of K of them never is.
    const bool is_in_registers = rows.count < kManyRows || !fits_unpacked(u8s8_bytes);
    if (is_by_piece && is_in_registers) {
      DirectProduct<NibbleDot>::run_by_row(NibbleDot(product), rows, product.packed,
                                           product.columns);
      return;
    }
    run_unpacked(product,
                 {.columns = kPanelColumns,
                  .most_panels = 4,
                  .header_bytes = kPanelHeaderBytesU8S8,
                  .u8s4_bytes = static_cast<size_t>(nibble_panel_bytes(sizes)),
                  .u8s8_bytes = u8s8_bytes,
                  .unpack = unpack_bytes},
                 kernel);
  }

  using RequantizedOutput::RequantizedOutput;

  void begin_row(const Words<1>& words) {
    const v128_t bias = wasm_v128_load8_splat(&kNibbleBiasByte);
    v128_t excess = wasm_i32x4_splat(0);
    words.for_each([&](const v128_t(&rows)[1]) __attribute__((always_inline)) {
      excess = Dot::call(bias, rows[0], excess);
    });
    excess_ = excess;
  }

  template <int kPanels>
  void accumulate(Tile<1, kPanels>& tile, const Words<1>& words, const std::byte* b,
                  ptrdiff_t panel_bytes) const {
    const v128_t mask = wasm_v128_load8_splat(&kNibbleMask);
    const v128_t bias = wasm_v128_load8_splat(&kNibbleBiasByte);
    const v128_t sign = wasm_i16x8_shl(bias, 4);
    v128_t low[kPanels] = {};
    v128_t high[kPanels] = {};
    words.for_each([&](const v128_t(&rows)[1]) __attribute__((always_inline)) {
      const v128_t x = rows[0];
      for (int p = 0; p < kPanels; ++p) {
        v128_t both = wasm_v128_load(b + p * panel_bytes);
        low[p] = Dot::call(wasm_v128_and(both, mask), x, low[p]);
        if constexpr (!Dot::kTakesAllBytes) {
          both = wasm_v128_and(wasm_u16x8_shr(wasm_v128_xor(both, sign), 4), mask);
        }
        high[p] = Dot::call(both, x, high[p]);
      }
      b += kWordBytes;
    });
    for (int p = 0; p < kPanels; ++p) {
      high[p] = Dot::kTakesAllBytes ? wasm_i32x4_shr(wasm_i32x4_sub(high[p], low[p]), 4)
                                    : wasm_i32x4_sub(high[p], excess_);
      v128_t(&sum)[2] = tile.sum[0][p].half;
      sum[0] = wasm_i32x4_add(sum[0], wasm_i32x4_sub(low[p], excess_));
      sum[1] = wasm_i32x4_add(sum[1], high[p]);
    }
  }

 private:
  // From here on, unpacking once costs less than in each row.
  static constexpr int32_t kManyRows = Dot::kTakesAllBytes ? 12 : 3;

  v128_t excess_ = {};  // of the row: eight times its activations, in each lane
};

}  // namespace lowbit::kernels

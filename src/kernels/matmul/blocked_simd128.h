// The loops around the simd128 matrix products, the same for both precisions:
//
//   for each block of 16 rows, and each block of K
//     gather the rows' pieces into one dense block     (an im2col that never leaves the first-level
//     cache) for each panel of 8 columns
//       for each 4 rows                                (the sums of a tile of 4 x 8 stay in
//       registers)
//         accumulate along K, then the output stage
//
// A K longer than a block leaves its sums in `partial_` between blocks, for a bounded group of
// columns at a time. Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", 2008.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/rows.h"
#include "kernels/packed.h"
#include "kernels/simd.h"

namespace lowbit::kernels {

// The running sums of kRows rows and kPanels panels of columns.
template <int kRows, int kPanels>
struct Tile {
  v128_t sum[kRows][kPanels * 2];
};

// A Kernel is one precision: the types Source and Element (of a gathered row), and
//   kBlockDepth, kHeaderBytes, kStepBytes    elements of K in a block; bytes of a panel before B,
//   and of B per element of K panel_bytes(k) copy(source, count, target)              gathers; may
//   read and write up to 64 bytes further pad(row, count)                          completes a
//   gathered row accumulate(tile, a, b, panel_bytes, count)             adds the products along
//   `count` elements of K finish(tile, panel, panel_bytes, row, column)          the output stage
template <class Kernel>
class BlockedProduct {
 public:
  using Source = typename Kernel::Source;
  using Element = typename Kernel::Element;

  BlockedProduct(const Kernel& kernel, const MatmulRows<Source>& rows, const void* packed,
                 int32_t columns)
      : kernel_(kernel),
        rows_(rows),
        packed_(static_cast<const std::byte*>(packed)),
        columns_(columns),
        k_(rows.taps * rows.depth),
        panel_bytes_(static_cast<ptrdiff_t>(Kernel::panel_bytes(k_))) {}

  void run() {
    const int32_t group = k_ <= Kernel::kBlockDepth ? columns_ : kGroupColumns;
    for (row0_ = 0; row0_ < rows_.count; row0_ += kBlockRows) {
      row_count_ = std::min(kBlockRows, rows_.count - row0_);
      for (column0_ = 0; column0_ < columns_; column0_ += group) {
        column_end_ = std::min(columns_, column0_ + group);
        for (k0_ = 0; k0_ < k_; k0_ += Kernel::kBlockDepth) {
          k_count_ = std::min(Kernel::kBlockDepth, k_ - k0_);
          gather_block();
          multiply_block();
        }
      }
    }
  }

 private:
  static constexpr int32_t kTileRows = 4;
  static constexpr int32_t kBlockRows = 16;
  static constexpr int32_t kGroupColumns = 64;
  // One cache line more than a row needs: room for copy(), and rows do not compete for the same
  // cache sets.
  static constexpr int32_t kStride =
      Kernel::kBlockDepth + 64 / static_cast<int32_t>(sizeof(Element));

  void gather_block() {
    for (int32_t i = 0; i < row_count_; ++i) {
      gather_row(row0_ + i, block_[i]);
      Kernel::pad(block_[i], k_count_);
    }
  }

  // Pieces that follow each other in memory are copied as one, so that the taps along a row of a
  // convolution's kernel cost one copy even when there is a single channel.
  void gather_row(int32_t row, Element* target) const {
    int32_t tap = k0_ / rows_.depth;
    const int32_t skip = k0_ % rows_.depth;
    const Source* source = row_piece(rows_, row, tap) + skip;
    int32_t length = rows_.depth - skip;
    int32_t rest = k_count_;
    while (length < rest) {
      const Source* next = row_piece(rows_, row, ++tap);
      if (next != source + length) {
        Kernel::copy(source, length, target);
        target += length;
        rest -= length;
        source = next;
        length = 0;
      }
      length += rows_.depth;
    }
    Kernel::copy(source, rest, target);
  }

  void multiply_block() {
    const int32_t tiled_rows = row_count_ - row_count_ % kTileRows;
    if (tiled_rows > 0) {
      for (int32_t column = column0_; column < column_end_; column += kPanelColumns) {
        for (int32_t row = 0; row < tiled_rows; row += kTileRows) {
          multiply_tile<kTileRows, 1>(row, column);
        }
      }
    }
    switch (row_count_ - tiled_rows) {
      case 1:
        multiply_rows<1, 4>(tiled_rows);
        break;
      case 2:
        multiply_rows<2, 2>(tiled_rows);
        break;
      case 3:
        multiply_rows<3, 1>(tiled_rows);
        break;
      default:
        break;
    }
  }

  // Few rows have few sums, so several panels at once keep additions from waiting for one another.
  template <int kRows, int kPanels>
  void multiply_rows(int32_t row) {
    int32_t column = column0_;
    for (; column_end_ - column > (kPanels - 1) * kPanelColumns;
         column += kPanels * kPanelColumns) {
      multiply_tile<kRows, kPanels>(row, column);
    }
    for (; column < column_end_; column += kPanelColumns) multiply_tile<kRows, 1>(row, column);
  }

  template <int kRows, int kPanels>
  void multiply_tile(int32_t row, int32_t column) {
    const std::byte* panel = packed_ + column / kPanelColumns * panel_bytes_;
    Tile<kRows, kPanels> tile;
    for (int v = 0; v < kPanels * 2; ++v) {
      const v128_t bias = wasm_v128_load(panel + v / 2 * panel_bytes_ + v % 2 * 16);
      for (int r = 0; r < kRows; ++r) {
        tile.sum[r][v] = k0_ == 0 ? bias : wasm_v128_load(partial(row + r, column + v * 4));
      }
    }
    const std::byte* b = panel + Kernel::kHeaderBytes + ptrdiff_t{k0_} * Kernel::kStepBytes;
    Kernel::template accumulate<kStride>(tile, block_[row], b, panel_bytes_, k_count_);
    if (k0_ + k_count_ == k_) {
      kernel_.finish(tile, panel, panel_bytes_, row0_ + row, column);
      return;
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kPanels * 2; ++v) {
        wasm_v128_store(partial(row + r, column + v * 4), tile.sum[r][v]);
      }
    }
  }

  int32_t* partial(int32_t row, int32_t column) { return &partial_[row][column - column0_]; }

  const Kernel& kernel_;
  const MatmulRows<Source>& rows_;
  const std::byte* packed_;
  int32_t columns_;
  int32_t k_;
  ptrdiff_t panel_bytes_;

  // The block at work: rows, columns and elements of K.
  int32_t row0_ = 0, row_count_ = 0;
  int32_t column0_ = 0, column_end_ = 0;
  int32_t k0_ = 0, k_count_ = 0;
  alignas(64) Element block_[kBlockRows][kStride];
  alignas(
      64) int32_t partial_[kBlockRows][kGroupColumns];  // int32 or float, as the kernel's sums are
};

}  // namespace lowbit::kernels

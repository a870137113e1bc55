// The loops around the simd128 matrix products, the same for both precisions:
//
//   for each block of 16 rows, and each block of K
//     gather the rows (row_block.h)
//     for each panel of 8 columns
//       for each tile                   (4 or 8 rows, whose sums stay in registers)
//         accumulate along K, then the output stage
//
// A K longer than a block leaves its sums in memory between blocks, for 64 columns at a time.
// Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/row_block.h"
#include "kernels/matmul/tile.h"
#include "kernels/output_simd128.h"
#include "kernels/packed.h"
#include "kernels/simd.h"

namespace lowbit::kernels {

// A Kernel is one precision:
//   Copy                                 how A is gathered (row_block.h)
//   pad(row, count)                      completes a gathered row of `count` elements
//   kRestByRow                           whether fewer than 4 rows are taken one by one, which is
//                                        less code
//   block_depth()                        of the blocks of K, at most Copy::kBlockDepth
//   panel_bytes(K)
//   weights_offset(k)                    where in a panel B's row k is, the first of a block
//   accumulate(tile, a, b, panel_bytes, count)        adds the products along `count` elements of K
//   finish(tile, panel, panel_bytes, row, column)     the output stage
template <class Kernel>
class BlockedProduct {
  using Block = RowBlock<typename Kernel::Copy>;
  using Rows = MatmulRows<typename Block::Source>;

 public:
  // kTileRows: rows of the main tile, 4 or 8. The smaller tiles for the rest are the same code
  // for each of them.
  template <int kTileRows>
  static void run(const Kernel& kernel, const Rows& rows, const void* packed, int32_t columns) {
    run_tiles(kernel, rows, packed, columns, kTileRows, multiply_tiles<kTileRows>);
  }

 private:
  static constexpr int32_t kBlockRows = Block::kRows;
  static constexpr int32_t kStride = Block::kStride;
  static constexpr int32_t kGroupColumns = 64;

  struct Partial {
    alignas(64) int32_t sums[kBlockRows][kGroupColumns];  // or floats, as the kernel's sums are
  };

  // One block of rows, columns and K. Kernels and passes are handed on by value: as copies, the
  // stores to C cannot alias them, so that they stay in registers.
  struct Pass {
    const typename Block::Element (*a)[kStride];
    int32_t (*partial)[kGroupColumns];
    const std::byte* panels;
    ptrdiff_t panel_bytes;
    int32_t row0 = 0, row_count = 0;
    int32_t column0 = 0, column_end = 0;
    int32_t k0 = 0, k_count = 0;
    bool is_last = false;
  };

  using MultiplyTiles = void (*)(const Kernel, const Pass, int32_t row, int32_t row_end);

  static void run_tiles(const Kernel& kernel, const Rows& rows, const void* packed, int32_t columns,
                        int32_t tile_rows, MultiplyTiles multiply_main) {
    Block block;
    Partial partial;
    const int32_t k = rows.taps * rows.depth;
    const int32_t block_depth = kernel.block_depth();
    const int32_t group = k <= block_depth ? columns : kGroupColumns;
    Pass pass = {.a = block.elements,
                 .partial = partial.sums,
                 .panels = static_cast<const std::byte*>(packed),
                 .panel_bytes = static_cast<ptrdiff_t>(kernel.panel_bytes(k))};
    for (pass.row0 = 0; pass.row0 < rows.count; pass.row0 += kBlockRows) {
      pass.row_count = std::min(kBlockRows, rows.count - pass.row0);
      for (pass.column0 = 0; pass.column0 < columns; pass.column0 += group) {
        pass.column_end = std::min(columns, pass.column0 + group);
        for (pass.k0 = 0; pass.k0 < k; pass.k0 += block_depth) {
          pass.k_count = std::min(block_depth, k - pass.k0);
          pass.is_last = pass.k0 + pass.k_count == k;
          block.gather(rows, pass.row0, pass.row_count, pass.k0, pass.k_count);
          for (int32_t i = 0; i < pass.row_count; ++i) Kernel::pad(block.elements[i], pass.k_count);
          const int32_t tiled_rows = pass.row_count - pass.row_count % tile_rows;
          multiply_main(kernel, pass, 0, tiled_rows);
          multiply_rest(kernel, pass, tiled_rows);
        }
      }
    }
  }

  // Not inlined: the main tile of one kernel is among the smaller ones of another.
  template <int kRows>
  [[gnu::noinline]] static void multiply_tiles(const Kernel kernel, const Pass pass, int32_t row,
                                               int32_t row_end) {
    if (row == row_end) return;
    for (int32_t column = pass.column0; column < pass.column_end; column += kPanelColumns) {
      for (int32_t at = row; at < row_end; at += kRows) {
        multiply_tile<kRows, 1>(kernel, pass, at, column);
      }
    }
  }

  static void multiply_rest(const Kernel& kernel, const Pass& pass, int32_t row) {
    int32_t rest = pass.row_count - row;
    if (rest >= 4) {
      multiply_tiles<4>(kernel, pass, row, row + 4);
      row += 4;
      rest -= 4;
    }
    if constexpr (Kernel::kRestByRow) {
      for (; rest > 0; --rest) multiply_rows<1, 4>(kernel, pass, row++, pass.column0);
      return;
    }
    if (rest == 1) multiply_rows<1, 4>(kernel, pass, row, pass.column0);
    if (rest == 2) multiply_rows<2, 2>(kernel, pass, row, pass.column0);
    if (rest == 3) multiply_rows<3, 1>(kernel, pass, row, pass.column0);
  }

  // Few rows have few sums, so several panels at once keep additions from waiting for one another.
  template <int kRows, int kPanels>
  static void multiply_rows(const Kernel kernel, const Pass pass, int32_t row, int32_t column) {
    constexpr int32_t kColumns = kPanels * kPanelColumns;
    for (; pass.column_end - column > kColumns - kPanelColumns; column += kColumns) {
      multiply_tile<kRows, kPanels>(kernel, pass, row, column);
    }
    if constexpr (kPanels > 1) multiply_rows<kRows, kPanels / 2>(kernel, pass, row, column);
  }

  template <int kRows, int kPanels>
  static void multiply_tile(const Kernel kernel, const Pass pass, int32_t row, int32_t column) {
    const std::byte* panel = pass.panels + column / kPanelColumns * pass.panel_bytes;
    Tile<kRows, kPanels> tile;
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPanels; ++p) {
        tile.sum[r][p] = pass.k0 == 0 ? load_lanes8(panel + p * pass.panel_bytes)
                                      : load_lanes8(partial(pass, row + r, column, p));
      }
    }
    const std::byte* b = panel + kernel.weights_offset(pass.k0);
    kernel.template accumulate<kStride>(tile, pass.a[row], b, pass.panel_bytes, pass.k_count);
    if (pass.is_last) {
      kernel.finish(tile, panel, pass.panel_bytes, pass.row0 + row, column);
      return;
    }
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPanels; ++p) {
        store_lanes8(partial(pass, row + r, column, p), tile.sum[r][p]);
      }
    }
  }

  static int32_t* partial(const Pass& pass, int32_t row, int32_t column, int panel) {
    return &pass.partial[row][column - pass.column0 + panel * kPanelColumns];
  }
};

}  // namespace lowbit::kernels

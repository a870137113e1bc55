// The loops around the matrix products that read A where it lies, the same for both precisions:
//
//   for each block of tiles of rows     (a tile is 4, 6 or 8 rows; smaller ones for the rest)
//     find where the pieces of these rows are
//     for each panel of 8 columns
//       for each tile                   (its sums stay in registers for the whole of K)
//         for each piece, accumulate along it
//         the output stage
//
// Source: Dukhan, "The Indirect Convolution Algorithm", 2019, section 3.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/pieces.h"
#include "kernels/matmul/tile.h"
#include "kernels/output_simd128.h"
#include "kernels/packed.h"
#include "kernels/simd.h"

namespace lowbit::kernels {

// A Kernel is one precision: the type Source (of A), and
//   kStep                                elements of K taken at once; B's pieces are padded to it
//   kHeaderBytes, kStepBytes             bytes of a panel before B, and of B per element of K
//   accumulate<kRows, kPanels>(tile, rows, b, panel_bytes, count)    adds products along `count`
//                                        elements, from where each of kRows rows is
//   finish(tile, panel, panel_bytes, row, column)                    the output stage
template <class Kernel>
class DirectProduct {
 public:
  using Source = typename Kernel::Source;

  // kTileRows: rows of the main tile, 4, 6 or 8. The smaller tiles for the rest are the same code
  // for each of them.
  template <int kTileRows>
  static void run(const Kernel& kernel, const MatmulRows<Source>& rows, const void* packed,
                  int32_t columns) {
    run_tiles(kernel, rows, packed, columns, kTileRows, multiply_block<kTileRows>);
  }

 private:
  // Handed on by value, as the kernel is: as copies, the stores to C cannot alias them.
  struct Pass {
    const std::byte* panels;
    ptrdiff_t panel_bytes;
    int32_t piece_length;
    int32_t columns;
  };

  using MultiplyBlock = void (*)(const Kernel&, const Pass&, RowPieces<Source>&, int32_t row,
                                 int32_t tiles);

  static void run_tiles(const Kernel& kernel, const MatmulRows<Source>& rows, const void* packed,
                        int32_t columns, int32_t tile_rows, MultiplyBlock multiply_main) {
    const PieceSizes sizes(rows.taps, rows.depth, Kernel::kStep);
    const Pass pass = {.panels = static_cast<const std::byte*>(packed),
                       .panel_bytes = Kernel::kHeaderBytes +
                                      static_cast<ptrdiff_t>(sizes.packed_k()) * Kernel::kStepBytes,
                       .piece_length = sizes.padded_length,
                       .columns = columns};
    RowPieces<Source> pieces(rows);
    int32_t row = 0;
    const int32_t tiles_at_once = pieces.tiles_at_once(tile_rows);
    while (row + tile_rows <= rows.count) {
      const int32_t tiles = std::min(tiles_at_once, (rows.count - row) / tile_rows);
      multiply_main(kernel, pass, pieces, row, tiles);
      row += tiles * tile_rows;
    }
    const int32_t rest = rows.count - row;
    if (rest & 4) {
      multiply_block<4>(kernel, pass, pieces, row, 1);
      row += 4;
    }
    if (rest & 2) {
      multiply_rows<2, 2>(kernel, pass, pieces, row);
      row += 2;
    }
    if (rest & 1) multiply_rows<1, 4>(kernel, pass, pieces, row);
  }

  // Not inlined: the main tile of one kernel is among the smaller ones of another.
  template <int kRows>
  [[gnu::noinline]] static void multiply_block(const Kernel& kernel, const Pass& pass,
                                               RowPieces<Source>& pieces, int32_t row,
                                               int32_t tiles) {
    pieces.find(row, kRows, tiles);
    for (int32_t column = 0; column < pass.columns; column += kPanelColumns) {
      for (int32_t tile = 0; tile < tiles; ++tile) {
        multiply_tile<kRows, 1>(kernel, pass, pieces, tile, row + tile * kRows, column);
      }
    }
  }

  // Few rows have few sums, so several panels at once keep additions from waiting for one another.
  template <int kRows, int kPanels>
  static void multiply_rows(const Kernel& kernel, const Pass& pass, RowPieces<Source>& pieces,
                            int32_t row) {
    pieces.find(row, kRows, 1);
    multiply_columns<kRows, kPanels>(kernel, pass, pieces, row, 0);
  }

  template <int kRows, int kPanels>
  static void multiply_columns(const Kernel& kernel, const Pass& pass, RowPieces<Source>& pieces,
                               int32_t row, int32_t column) {
    constexpr int32_t kColumns = kPanels * kPanelColumns;
    for (; pass.columns - column > kColumns - kPanelColumns; column += kColumns) {
      multiply_tile<kRows, kPanels>(kernel, pass, pieces, 0, row, column);
    }
    if constexpr (kPanels > 1) {
      multiply_columns<kRows, kPanels / 2>(kernel, pass, pieces, row, column);
    }
  }

  template <int kRows, int kPanels>
  static void multiply_tile(const Kernel kernel, const Pass pass, RowPieces<Source>& pieces,
                            int32_t tile_index, int32_t row, int32_t column) {
    const std::byte* panel = pass.panels + column / kPanelColumns * pass.panel_bytes;
    Tile<kRows, kPanels> tile;
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPanels; ++p) tile.sum[r][p] = load_lanes8(panel + p * pass.panel_bytes);
    }
    const std::byte* b = panel + Kernel::kHeaderBytes;
    pieces.template for_each<kRows>(tile_index, [&](const Source* const* at) {
      Kernel::accumulate(tile, at, b, pass.panel_bytes, pass.piece_length);
      b += ptrdiff_t{pass.piece_length} * Kernel::kStepBytes;
    });
    kernel.finish(tile, panel, pass.panel_bytes, row, column);
  }
};

}  // namespace lowbit::kernels

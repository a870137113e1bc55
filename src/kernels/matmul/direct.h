// The loops around the matrix products that read A where it lies, the same for both precisions:
//
//   for each block of tiles of rows     (a tile is 4, 6 or 8 rows; smaller ones for the rest)
//     for each panel of 8 columns
//       for each tile
//         add products along the whole of K, a word at a time (the sums stay in registers)
//         the output stage
//
// Source: Dukhan, "The Indirect Convolution Algorithm", 2019, section 3.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/matmul/rows.h"
#include "kernels/matmul/tile.h"
#include "kernels/output_simd128.h"
#include "kernels/packed.h"
#include "kernels/simd.h"

namespace lowbit::kernels {

// The words along K of kRows rows.
template <int kRows>
struct Words {
  const std::byte* rows[kRows];
  const int32_t* offsets;
  int32_t count;
  bool is_one_piece;

  // Calls visit(v128_t x[kRows]) with each word in all lanes. Pieces are no loop of their own: its
  // end, mispredicted once for each, would cost a short piece as much as its products. Where there
  // is one piece, the table is not read, which makes the longest loops faster by a twentieth.
  template <class Visit>
  [[gnu::always_inline]] void for_each(Visit&& visit) const {
    v128_t x[kRows];
    if (kRows >= 4 && is_one_piece) {
      const std::byte* at[kRows];
      for (int r = 0; r < kRows; ++r) at[r] = rows[r];
      for (const std::byte* end = at[0] + ptrdiff_t{count} * 4; at[0] != end;) {
        for (int r = 0; r < kRows; ++r) {
          x[r] = wasm_v128_load32_splat(at[r]);
          at[r] += 4;
        }
        visit(x);
      }
      return;
    }
    const int32_t* end = offsets + count;
    for (const int32_t* offset = offsets; offset != end; ++offset) {
      for (int r = 0; r < kRows; ++r) x[r] = wasm_v128_load32_splat(rows[r] + *offset);
      visit(x);
    }
  }
};

// A Kernel is one precision: the type Source (of A), and
//   kHeaderBytes, kWordBytes             bytes of a panel before B, and of B per word of K
//   accumulate<kRows, kPanels>(tile, words, b, panel_bytes)       adds the products of all words
//   finish(tile, panel, panel_bytes, row, column)      the output stage
template <class Kernel>
class DirectProduct {
 public:
  using Source = typename Kernel::Source;

  // kTileRows: rows of the main tile, 4, 6 or 8. The smaller tiles for the rest are the same code
  // for each of them.
  template <int kTileRows>
  static void run(const Kernel& kernel, const MatmulRows<Source>& rows, const void* packed,
                  int32_t columns) {
    run_tiles(kernel, Pass(rows, packed, columns), kTileRows, multiply_block<kTileRows>);
  }

  // One row after another: for few rows, without the code of the tiles of more. The kernel's
  // begin_row(words) is called before each.
  static void run_by_row(Kernel kernel, const MatmulRows<Source>& rows, const void* packed,
                         int32_t columns) {
    const Pass pass(rows, packed, columns);
    for (int32_t row = 0; row < rows.count; ++row) {
      kernel.begin_row(find_words<1>(pass, row));
      multiply_rows<1, 4>(kernel, pass, row, 0);
    }
  }

 private:
  // Handed on by value, as the kernel is: as copies, the stores to C cannot alias them.
  struct Pass {
    MatmulRows<Source> rows;
    int32_t word_count;
    const std::byte* panels;
    ptrdiff_t panel_bytes;
    int32_t columns;

    Pass(const MatmulRows<Source>& a, const void* packed, int32_t column_count)
        : rows(a),
          word_count(a.taps * piece_words(a.depth, sizeof(Source))),
          panels(static_cast<const std::byte*>(packed)),
          panel_bytes(Kernel::kHeaderBytes + ptrdiff_t{word_count} * Kernel::kWordBytes),
          columns(column_count) {}

    // As A is read again for each panel, a block stays in a first-level cache beside a panel.
    int32_t tiles_at_once(int32_t tile_rows) const {
      constexpr int64_t kBlockBytes = 16384;
      const int64_t tile_bytes = int64_t{word_count} * 4 * tile_rows;
      return static_cast<int32_t>(std::max(int64_t{1}, kBlockBytes / tile_bytes));
    }
  };

  using MultiplyBlock = void (*)(const Kernel&, const Pass&, int32_t row, int32_t tiles);

  static void run_tiles(const Kernel& kernel, const Pass& pass, int32_t tile_rows,
                        MultiplyBlock multiply_main) {
    int32_t row = 0;
    const int32_t tiles_at_once = pass.tiles_at_once(tile_rows);
    while (row + tile_rows <= pass.rows.count) {
      const int32_t tiles = std::min(tiles_at_once, (pass.rows.count - row) / tile_rows);
      multiply_main(kernel, pass, row, tiles);
      row += tiles * tile_rows;
    }
    if (row < pass.rows.count) multiply_rest(kernel, pass, row);
  }

  // Not inlined, so that engines that compile what runs often need not compile it with the main
  // tile.
  [[gnu::noinline]] static void multiply_rest(const Kernel& kernel, const Pass& pass, int32_t row) {
    const int32_t rest = pass.rows.count - row;
    if (rest & 4) {
      multiply_block<4>(kernel, pass, row, 1);
      row += 4;
    }
    if (rest & 2) {
      multiply_rows<2, 2>(kernel, pass, row, 0);
      row += 2;
    }
    if (rest & 1) multiply_rows<1, 4>(kernel, pass, row, 0);
  }

  // Not inlined: the main tile of one kernel is among the smaller ones of another.
  template <int kRows>
  [[gnu::noinline]] static void multiply_block(const Kernel& kernel, const Pass& pass, int32_t row,
                                               int32_t tiles) {
    const std::byte* panel = pass.panels;
    const int32_t row_end = row + tiles * kRows;
    for (int32_t column = 0; column < pass.columns; column += kPanelColumns) {
      for (int32_t at = row; at < row_end; at += kRows) {
        multiply_tile<kRows, 1>(kernel, pass, panel, at, column);
      }
      panel += pass.panel_bytes;
    }
  }

  // Few rows have few sums, so several panels at once keep additions from waiting for one another.
  template <int kRows, int kPanels>
  static void multiply_rows(const Kernel& kernel, const Pass& pass, int32_t row, int32_t column) {
    constexpr int32_t kColumns = kPanels * kPanelColumns;
    for (; pass.columns - column > kColumns - kPanelColumns; column += kColumns) {
      const std::byte* panel = pass.panels + column / kPanelColumns * pass.panel_bytes;
      multiply_tile<kRows, kPanels>(kernel, pass, panel, row, column);
    }
    if constexpr (kPanels > 1) multiply_rows<kRows, kPanels / 2>(kernel, pass, row, column);
  }

  template <int kRows>
  static Words<kRows> find_words(const Pass& pass, int32_t row) {
    Words<kRows> words;
    words.offsets = pass.rows.words;
    words.count = pass.word_count;
    words.is_one_piece = pass.rows.taps == 1;
    // Of a short K, whatever is computed anew for each tile costs as much as the products.
    const Source* start = row_start(pass.rows, row);
    for (int r = 0; r < kRows; ++r) {
      if (pass.rows.row_offsets != nullptr) start = row_start(pass.rows, row + r);
      words.rows[r] = reinterpret_cast<const std::byte*>(start);
      start += pass.rows.row_stride;
    }
    return words;
  }

  template <int kRows, int kPanels>
  static void multiply_tile(const Kernel kernel, const Pass pass, const std::byte* panel,
                            int32_t row, int32_t column) {
    const Words<kRows> words = find_words<kRows>(pass, row);
    Tile<kRows, kPanels> tile;
    for (int p = 0; p < kPanels; ++p) {
      const Lanes8 bias = load_lanes8(panel + p * pass.panel_bytes);
      for (int r = 0; r < kRows; ++r) tile.sum[r][p] = bias;
    }
    kernel.accumulate(tile, words, panel + Kernel::kHeaderBytes, pass.panel_bytes);
    kernel.finish(tile, panel, pass.panel_bytes, row, column);
  }
};

}  // namespace lowbit::kernels

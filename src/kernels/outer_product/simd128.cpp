// Tiles of 4 x 8 sums stay in registers while i runs over a block of rows: per row four splats of A
// and two vectors of B, both read where they lie, so nothing is packed. Indirect rows are gathered
// block by block into a panel on the stack.
#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/simd.h"

namespace lowbit::kernels {

namespace {

constexpr int32_t kTileRows = 4;
constexpr int32_t kTileColumns = 8;
constexpr int32_t kPanelFloats = 8192;  // 32 KiB of stack
constexpr int32_t kPanelWidth = 512;
// Short enough for a block of A and B to stay in the caches while every tile reads it.
constexpr int32_t kRowBlock = 64;

// Adds `count` (1 to 4) lanes of `sum` to c.
void add_lanes(float* c, v128_t sum, int32_t count) {
  if (count == 4) {
    wasm_v128_store(c, wasm_f32x4_add(wasm_v128_load(c), sum));
    return;
  }
  float lanes[4];
  wasm_v128_store(lanes, sum);
  for (int32_t j = 0; j < count; ++j) c[j] += lanes[j];
}

struct Operand {
  const float* data;
  int64_t stride;
};

// kRows x (4 * kVectors) sums over `count` rows; the last vector may have fewer than 4 valid lanes.
template <int kRows, int kVectors>
void outer_tile(Operand a, Operand b, int32_t count, float* c, int64_t c_stride,
                int32_t last_lanes) {
  v128_t sums[kRows][kVectors];
  for (auto& row : sums) {
    for (v128_t& sum : row) sum = wasm_f32x4_splat(0.0f);
  }
  for (int32_t i = 0; i < count; ++i) {
    v128_t values[kVectors];
    for (int v = 0; v < kVectors; ++v) values[v] = wasm_v128_load(b.data + 4 * v);
    for (int r = 0; r < kRows; ++r) {
      const v128_t splat = wasm_v128_load32_splat(a.data + r);
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = wasm_f32x4_add(sums[r][v], wasm_f32x4_mul(splat, values[v]));
      }
    }
    a.data += a.stride;
    b.data += b.stride;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      add_lanes(c + r * c_stride + 4 * v, sums[r][v], v + 1 == kVectors ? last_lanes : 4);
    }
  }
}

template <int kRows>
void outer_strip(Operand a, Operand b, int32_t count, float* c, int32_t columns) {
  int32_t j = 0;
  for (; j + kTileColumns <= columns; j += kTileColumns) {
    outer_tile<kRows, 2>(a, {b.data + j, b.stride}, count, c + j, columns, 4);
  }
  if (columns - j > 4) {
    outer_tile<kRows, 2>(a, {b.data + j, b.stride}, count, c + j, columns, columns - j - 4);
  } else if (columns > j) {
    outer_tile<kRows, 1>(a, {b.data + j, b.stride}, count, c + j, columns, columns - j);
  }
}

// `width` columns of A against all of B, for a block of rows.
void outer_block(Operand a, int32_t width, Operand b, int32_t count, float* c, int32_t columns) {
  int32_t k = 0;
  for (; k + kTileRows <= width; k += kTileRows) {
    outer_strip<kTileRows>({a.data + k, a.stride}, b, count, c + int64_t{k} * columns, columns);
  }
  const Operand rest{a.data + k, a.stride};
  float* rest_c = c + int64_t{k} * columns;
  switch (width - k) {
    case 3:
      return outer_strip<3>(rest, b, count, rest_c, columns);
    case 2:
      return outer_strip<2>(rest, b, count, rest_c, columns);
    case 1:
      return outer_strip<1>(rest, b, count, rest_c, columns);
    default:
      return;
  }
}

void outer_dense(const OuterProductF32& p) {
  const OuterProductRows& rows = p.rows;
  for (int32_t i = 0; i < rows.count; i += kRowBlock) {
    const int32_t count = std::min(kRowBlock, rows.count - i);
    outer_block({rows.a + int64_t{i} * rows.row_stride, rows.row_stride}, rows.depth,
                {p.b + int64_t{i} * p.b_stride, p.b_stride}, count, p.c, p.columns);
  }
}

// Copies `count` floats whole vectors at a time: it reads up to three past the end, which a row's
// slack allows, and writes them where the next piece goes.
void copy_piece(const float* source, int32_t count, float* target) {
  for (int32_t d = 0; d < count; d += 4) wasm_v128_store(target + d, wasm_v128_load(source + d));
}

// Elements [begin, begin + width) of row i of A, which may span several pieces. Writes up to three
// floats past the end.
void gather(const OuterProductRows& rows, int64_t i, int32_t begin, int32_t width, float* out) {
  const int32_t* offsets = rows.offsets + i * rows.taps;
  int32_t tap = begin / rows.depth;
  int32_t within = begin % rows.depth;
  while (width > 0) {
    const int32_t piece = std::min(width, rows.depth - within);
    const float* source = offsets[tap] == kPaddingOffset ? rows.padding : rows.a + offsets[tap];
    if (piece == 1) {
      *out = source[within];
    } else {
      copy_piece(source + within, piece, out);
    }
    out += piece;
    width -= piece;
    within = 0;
    ++tap;
  }
}

void outer_indirect(const OuterProductF32& p) {
  alignas(16) float panel[kPanelFloats + 4];
  const OuterProductRows& rows = p.rows;
  const int32_t total = rows.taps * rows.depth;
  for (int32_t k = 0; k < total; k += kPanelWidth) {
    const int32_t width = std::min(kPanelWidth, total - k);
    const int32_t block = std::min(kRowBlock, kPanelFloats / width);
    for (int32_t i = 0; i < rows.count; i += block) {
      const int32_t count = std::min(block, rows.count - i);
      for (int32_t r = 0; r < count; ++r) gather(rows, i + r, k, width, panel + r * width);
      outer_block({panel, width}, width, {p.b + int64_t{i} * p.b_stride, p.b_stride}, count,
                  p.c + int64_t{k} * p.columns, p.columns);
    }
  }
}

}  // namespace

void outer_product_f32__simd128(const OuterProductF32& p) {
  if (p.rows.offsets == nullptr) {
    outer_dense(p);
  } else {
    outer_indirect(p);
  }
}

}  // namespace lowbit::kernels

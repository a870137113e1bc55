// Class P: the dot product adds pairs in int16. Panels in which no pair can leave int16, whatever
// the activations, take it; the others are simd128's.
#include <algorithm>

#include "kernels/matmul/direct_dot.h"
#include "kernels/matmul/nibble_dot.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

struct DotP {
  static constexpr bool kTakesAllBytes = false;
  static v128_t call(v128_t weights, v128_t activations, v128_t sum) {
    const v128_t pairs = relaxed_dot_pairs(weights, activations);
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(pairs, wasm_v128_load16_splat(&kPairOne)));
  }
};

// Neighbouring panels of one kind.
struct PanelRange {
  int32_t first_column = 0;
  int32_t columns = 0;
  bool takes_dot = false;
  size_t byte_offset = 0;
};

// Packed: a byte for each panel, 1 where it takes the dot product, then the ranges' panels.
class PanelRanges {
 public:
  PanelRanges(int32_t columns, int32_t taps, int32_t depth)
      : columns_(columns), taps_(taps), depth_(depth) {}

  template <class Visit>
  void for_each(const void* packed, Visit&& visit) const {
    const auto* kinds = static_cast<const uint8_t*>(packed);
    const int32_t panels = (columns_ + kPanelColumns - 1) / kPanelColumns;
    size_t byte_offset = dot_kinds_bytes(columns_);
    for (int32_t first = 0; first < panels;) {
      int32_t end = first + 1;
      while (end < panels && kinds[end] == kinds[first]) ++end;
      PanelRange range{.first_column = first * kPanelColumns,
                       .columns = std::min(columns_, end * kPanelColumns) - first * kPanelColumns,
                       .takes_dot = kinds[first] == 1,
                       .byte_offset = byte_offset};
      visit(range);
      const Tier layout = range.takes_dot ? Tier::kRelaxedU : Tier::kSimd128;
      byte_offset += packed_matmul_u8s8_bytes(layout, range.columns, taps_, depth_);
      first = end;
    }
  }

 private:
  int32_t columns_;
  int32_t taps_;
  int32_t depth_;
};

// Bounds of the sum of a pair: its activations are 0 to 255.
bool pair_fits(int32_t first, int32_t second) {
  const int32_t highest = 255 * (std::max(first, 0) + std::max(second, 0));
  const int32_t lowest = 255 * (std::min(first, 0) + std::min(second, 0));
  return highest <= INT16_MAX && lowest >= INT16_MIN;
}

bool pairs_fit(const int8_t* weights, int32_t columns, int32_t taps, int32_t depth) {
  for (int32_t piece = 0; piece < columns * taps; ++piece, weights += depth) {
    for (int32_t i = 0; i + 1 < depth; i += 2) {
      if (!pair_fits(weights[i], weights[i + 1])) return false;
    }
  }
  return true;
}

}  // namespace

void pack_matmul_u8s8__relaxed_p(const PackMatmulU8S8& p) {
  const ptrdiff_t k = ptrdiff_t{p.taps} * p.depth;
  auto* kinds = static_cast<uint8_t*>(p.packed);
  for (int32_t column = 0; column < p.columns; column += kPanelColumns) {
    const int32_t count = std::min(kPanelColumns, p.columns - column);
    kinds[column / kPanelColumns] = pairs_fit(p.weights + column * k, count, p.taps, p.depth);
  }
  PanelRanges(p.columns, p.taps, p.depth).for_each(p.packed, [&](const PanelRange& range) {
    PackMatmulU8S8 part_of = p;
    part_of.weights += range.first_column * k;
    if (part_of.bias != nullptr) part_of.bias += range.first_column;
    part_of.multiplier += range.first_column;
    part_of.columns = range.columns;
    part_of.packed = part<std::byte>(p.packed, range.byte_offset);
    if (range.takes_dot) {
      pack_dot_panels(part_of, {p.taps, p.depth, kDotDepth}, 0);
    } else {
      pack_matmul_u8s8__simd128(part_of);
    }
  });
}

void matmul_u8s8__relaxed_p(const MatmulU8S8& product) {
  const PanelRanges ranges(product.columns, product.rows.taps, product.rows.depth);
  ranges.for_each(product.packed, [&](const PanelRange& range) {
    MatmulU8S8 part_of = product;
    part_of.packed = part<std::byte>(product.packed, range.byte_offset);
    part_of.columns = range.columns;
    part_of.c += range.first_column;
    if (range.takes_dot) {
      DirectDot<DotP>::run<6>(part_of);
    } else {
      matmul_u8s8__simd128(part_of);
    }
  });
}

// Pairs of such weights always fit.
void pack_matmul_u8s4__relaxed_p(const PackMatmulU8S8& p) {
  pack_nibble_panels(p, {p.taps, p.depth, kDotDepth}, kDotDepth, 0);
}

void matmul_u8s4__relaxed_p(const MatmulU8S8& product) {
  const PieceSizes sizes(product.rows.taps, product.rows.depth, kDotDepth);
  NibbleDot<DotP>::run(product, sizes, DirectDot<DotP>::run<6>);
}

}  // namespace lowbit::kernels

#include <algorithm>
#include <cstring>

#include "kernels/kernels.h"
#include "kernels/matmul/dot_packing.h"
#include "kernels/matmul/nibbles.h"
#include "kernels/packed.h"

namespace lowbit::kernels {
namespace {

// [columns][taps][depth]
template <class T>
WeightMatrix<T> by_column(const T* weights, int32_t columns, int32_t taps, int32_t depth) {
  const int32_t k = taps * depth;
  return {.weights = weights, .rows = k, .columns = columns, .row_stride = 1, .column_stride = k};
}

}  // namespace

size_t packed_matmul_f32_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth) {
  return packed_f32_bytes(tier, columns, taps * depth);
}

size_t packed_matmul_u8s8_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth) {
  const size_t panels_of_pairs = packed_u8s8_bytes(tier, columns, taps * depth);
  const size_t panels_by_piece = dot_panels_bytes(columns, {taps, depth, kDotDepth});
  switch (tier) {
    case Tier::kRelaxedU:
      return panels_by_piece;
    case Tier::kRelaxedS:
      return dot_panels_bytes(columns, {1, taps * depth, kDotDepth});
    case Tier::kRelaxedP:
      return saturate(uint64_t{dot_kinds_bytes(columns)} +
                      std::max(panels_of_pairs, panels_by_piece));
    default:
      return panels_of_pairs;
  }
}

size_t packed_matmul_u8s4_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth) {
  if (tier == Tier::kReference) {
    return saturate(static_cast<uint64_t>(columns) * reference_u8s4_column_bytes(taps * depth));
  }
  if (tier != Tier::kRelaxedU && tier != Tier::kRelaxedP) {
    depth *= taps;
    taps = 1;
  }
  return panels_bytes(columns, nibble_panel_bytes({taps, depth, kNibbleDepth}));
}

void pack_matmul_f32__reference(const PackMatmulF32& p) {
  pack_reference_f32(by_column(p.weights, p.columns, p.taps, p.depth), p.bias, p.packed);
}

void pack_matmul_f32__simd128(const PackMatmulF32& p) {
  pack_panels_f32(by_column(p.weights, p.columns, p.taps, p.depth), p.bias, p.packed);
}

void pack_matmul_u8s8__reference(const PackMatmulU8S8& p) {
  pack_reference_u8s8(by_column(p.weights, p.columns, p.taps, p.depth), p.bias, p.multiplier,
                      p.input_zero_point, p.packed);
}

void pack_matmul_u8s4__reference(const PackMatmulU8S8& p) {
  const ReferencePackedU8S8 layout(1);
  const int32_t k = p.taps * p.depth;
  const size_t column_bytes = reference_u8s4_column_bytes(k);
  void* packed = p.packed;
  const int8_t* weights = p.weights;
  std::memset(packed, 0, static_cast<size_t>(p.columns) * column_bytes);
  for (int32_t column = 0; column < p.columns; ++column) {
    *part<int32_t>(packed, layout.input_zero_point) = p.input_zero_point;
    if (p.bias != nullptr) *part<int32_t>(packed, layout.bias) = p.bias[column];
    *part<float>(packed, layout.multiplier) = p.multiplier[column];
    auto* nibbles = part<uint8_t>(packed, layout.weights);
    for (int32_t i = 0; i < k; ++i) {
      nibbles[i / 2] |= static_cast<uint8_t>((*weights++ & 0x0f) << i % 2 * 4);
    }
    packed = part<std::byte>(packed, column_bytes);
  }
}

void pack_matmul_u8s8__simd128(const PackMatmulU8S8& p) {
  pack_panels_u8s8(by_column(p.weights, p.columns, p.taps, p.depth), p.bias, p.multiplier,
                   p.input_zero_point, p.packed);
}

}  // namespace lowbit::kernels

#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/matmul/dot_packing.h"
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

void pack_matmul_u8s8__simd128(const PackMatmulU8S8& p) {
  pack_panels_u8s8(by_column(p.weights, p.columns, p.taps, p.depth), p.bias, p.multiplier,
                   p.input_zero_point, p.packed);
}

}  // namespace lowbit::kernels

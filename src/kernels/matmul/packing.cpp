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
  if (tier == Tier::kRelaxedU) {
    return dot_panels_bytes(columns, {taps, depth, kDotDepth});
  }
  return packed_u8s8_bytes(tier, columns, taps * depth);
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

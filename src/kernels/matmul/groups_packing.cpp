#include <algorithm>
#include <cstring>

#include "kernels/kernels.h"
#include "kernels/matmul/groups.h"
#include "qmath/requantize_groups.h"

namespace lowbit::kernels {
namespace {

float bias_term(const PackMatmulU8S8& p, int32_t column) {
  return p.bias == nullptr ? 0.0f : group_term(p.bias[column], p.bias_multiplier[column]);
}

}  // namespace

size_t packed_matmul_u8s8_groups_bytes(Tier tier, int32_t columns, int32_t k, int32_t block_size) {
  if (tier == Tier::kReference) {
    const ReferencePackedGroups layout(columns, block_count(k, block_size));
    return saturate(layout.weights + static_cast<uint64_t>(columns) * static_cast<uint64_t>(k));
  }
  return panels_bytes(columns, groups_panel_bytes(k, block_size));
}

void pack_matmul_u8s8_groups__reference(const PackMatmulU8S8& p) {
  const int32_t k = p.taps * p.depth;
  const ReferencePackedGroups layout(p.columns, block_count(k, p.block_size));
  *part<int32_t>(p.packed, layout.input_zero_point) = p.input_zero_point;
  for (int32_t j = 0; j < p.columns; ++j) part<float>(p.packed, layout.bias)[j] = bias_term(p, j);
  std::memcpy(part<float>(p.packed, layout.multiplier), p.multiplier,
              layout.weights - layout.multiplier);
  std::memcpy(part<int8_t>(p.packed, layout.weights), p.weights,
              static_cast<size_t>(p.columns) * static_cast<size_t>(k));
}

void pack_matmul_u8s8_groups__simd128(const PackMatmulU8S8& p) {
  const int32_t k = p.taps * p.depth;
  const int32_t blocks = block_count(k, p.block_size);
  void* panel = p.packed;
  for (int32_t column = 0; column < p.columns; column += kPanelColumns) {
    const int32_t lanes = std::min(kPanelColumns, p.columns - column);
    float* terms = part<float>(panel, 0);
    std::fill_n(terms, kPanelColumns, 0.0f);
    for (int32_t lane = 0; lane < lanes; ++lane) terms[lane] = bias_term(p, column + lane);
    for (int32_t block = 0; block < blocks; ++block) {
      const int32_t first = block * p.block_size;
      float multiplier[kPanelColumns];
      for (int32_t lane = 0; lane < lanes; ++lane) {
        multiplier[lane] = p.multiplier[ptrdiff_t{column + lane} * blocks + block];
      }
      pack_panels_u8s8({.weights = p.weights + ptrdiff_t{column} * k + first,
                        .rows = std::min(p.block_size, k - first),
                        .columns = lanes,
                        .row_stride = 1,
                        .column_stride = k},
                       nullptr, multiplier, p.input_zero_point,
                       part<std::byte>(panel, group_offset(first, p.block_size)));
    }
    panel = part<std::byte>(panel, groups_panel_bytes(k, p.block_size));
  }
}

}  // namespace lowbit::kernels

#include "kernels/matmul/dot_packing.h"

#include <algorithm>
#include <cstring>

#include "kernels/packed.h"

namespace lowbit::kernels {
namespace {

uint64_t panel_bytes(const PieceSizes& sizes) {
  return kPanelHeaderBytesU8S8 + static_cast<uint64_t>(sizes.packed_k()) * kPanelColumns;
}

// One column of B, `k` elements, into lane `lane` of a panel. Returns the sum of its weights.
int32_t pack_column(const int8_t* weights, const PieceSizes& sizes, int32_t lane, int8_t* panel) {
  int32_t sum = 0;
  for (int32_t piece = 0; piece < sizes.count; ++piece) {
    for (int32_t i = 0; i < sizes.length; ++i) {
      const int8_t weight = *weights++;
      panel[(i / kDotDepth * kPanelColumns + lane) * kDotDepth + i % kDotDepth] = weight;
      sum += weight;
    }
    panel += ptrdiff_t{sizes.padded_length} * kPanelColumns;
  }
  return sum;
}

}  // namespace

size_t dot_panels_bytes(int32_t columns, const PieceSizes& sizes) {
  return panels_bytes(columns, panel_bytes(sizes));
}

void pack_dot_panels(const PackMatmulU8S8& p, const PieceSizes& sizes, int32_t activation_offset) {
  std::memset(p.packed, 0, dot_panels_bytes(p.columns, sizes));
  const int32_t zero_point = p.input_zero_point + activation_offset;
  const int32_t k = sizes.count * sizes.length;
  for (int32_t column = 0; column < p.columns; ++column) {
    std::byte* panel = part<std::byte>(p.packed, static_cast<size_t>(column / kPanelColumns) *
                                                     static_cast<size_t>(panel_bytes(sizes)));
    const int32_t lane = column % kPanelColumns;
    const int32_t sum = pack_column(p.weights + ptrdiff_t{column} * k, sizes, lane,
                                    part<int8_t>(panel, kPanelHeaderBytesU8S8));
    part<int32_t>(panel, 0)[lane] = (p.bias == nullptr ? 0 : p.bias[column]) - zero_point * sum;
    part<float>(panel, kPanelMultiplierOffset)[lane] = p.multiplier[column];
  }
}

}  // namespace lowbit::kernels

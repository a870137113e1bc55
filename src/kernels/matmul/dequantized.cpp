#include "kernels/matmul/dequantized.h"

#include <algorithm>
#include <cstring>

#include "kernels/kernels.h"
#include "kernels/packed.h"

namespace lowbit::kernels {
namespace {

constexpr int32_t panel_columns(Tier tier) { return tier == Tier::kReference ? 1 : kPanelColumns; }

uint64_t packed_panel_bytes(int32_t columns, int32_t k, int32_t block_size) {
  const auto floats = uint64_t{1} + static_cast<uint64_t>(block_count(k, block_size));
  const uint64_t weights = static_cast<uint64_t>(k) * static_cast<uint64_t>(columns);
  return floats * static_cast<uint64_t>(columns) * 4 + (weights + 3) / 4 * 4;
}

uint64_t unpacked_panel_bytes(int32_t columns, int32_t k) {
  return (static_cast<uint64_t>(k) + 1) * static_cast<uint64_t>(columns) * 4;
}

// As many as the product of few rows takes at once (direct.h), if they fit a second-level cache.
int32_t panels_at_once(int32_t columns, int32_t k) {
  constexpr uint64_t kBytes = 128 * 1024;
  if (columns == 1) return 1;  // the reference tier does not put panels behind one another
  return static_cast<int32_t>(
      std::clamp<uint64_t>(kBytes / unpacked_panel_bytes(columns, k), 1, 4));
}

void pack(const PackMatmulF32S8& p, int32_t columns) {
  const int32_t k = p.taps * p.depth;
  const int32_t blocks = block_count(k, p.block_size);
  const auto panel_bytes = static_cast<size_t>(packed_panel_bytes(columns, k, p.block_size));
  void* panel = p.packed;
  for (int32_t column = 0; column < p.columns; ++column) {
    const int32_t lane = column % columns;
    if (lane == 0 && column > 0) panel = part<std::byte>(panel, panel_bytes);
    if (lane == 0) std::memset(panel, 0, panel_bytes);
    float* reals = part<float>(panel, 0) + lane;
    if (p.bias != nullptr) *reals = p.bias[column];
    for (int32_t block = 0; block < blocks; ++block) {
      *(reals += columns) = p.scale[ptrdiff_t{column} * blocks + block];
    }
    int8_t* weights = part<int8_t>(reals + columns - lane, 0) + lane;
    for (int32_t i = 0; i < k; ++i) {
      weights[ptrdiff_t{i} * columns] = p.weights[ptrdiff_t{column} * k + i];
    }
  }
}

}  // namespace

size_t packed_matmul_f32s8_bytes(Tier tier, int32_t columns, int32_t k, int32_t block_size) {
  const int32_t width = panel_columns(tier);
  const auto panels = static_cast<uint64_t>((columns + width - 1) / width);
  return saturate(panels * packed_panel_bytes(width, k, block_size));
}

size_t unpacked_matmul_f32s8_bytes(Tier tier, int32_t k) {
  const int32_t width = panel_columns(tier);
  return saturate(static_cast<uint64_t>(panels_at_once(width, k)) * unpacked_panel_bytes(width, k));
}

void pack_matmul_f32s8__reference(const PackMatmulF32S8& p) {
  pack(p, panel_columns(Tier::kReference));
}

void pack_matmul_f32s8__simd128(const PackMatmulF32S8& p) { pack(p, kPanelColumns); }

void run_dequantized(const MatmulF32S8& product, const DequantizedPanels& panels) {
  const int32_t k = product.rows.taps * product.rows.depth;
  const int32_t blocks = block_count(k, product.block_size);
  const auto panel_bytes =
      static_cast<size_t>(packed_panel_bytes(panels.columns, k, product.block_size));
  const int32_t group = panels_at_once(panels.columns, k) * panels.columns;
  const void* source = product.packed;
  MatmulF32 part_of = product;
  part_of.packed = product.unpacked;
  for (int32_t column = 0; column < product.columns; column += group) {
    part_of.columns = std::min(group, product.columns - column);
    auto* target = part<float>(product.unpacked, 0);
    for (int32_t i = 0; i < part_of.columns; i += panels.columns) {
      const float* scale = part<float>(source, 0);
      target = std::copy_n(scale, panels.columns, target);
      const auto* weights = part<int8_t>(scale + ptrdiff_t{1 + blocks} * panels.columns, 0);
      for (int32_t first = 0; first < k; first += product.block_size) {
        const int32_t rows = std::min(product.block_size, k - first);
        const ptrdiff_t count = ptrdiff_t{rows} * panels.columns;
        panels.dequantize(weights, scale += panels.columns, rows, target);
        weights += count;
        target += count;
      }
      source = part<std::byte>(source, panel_bytes);
    }
    panels.multiply(part_of);
    part_of.c += group;
  }
}

}  // namespace lowbit::kernels

#include "kernels/matmul/matmul.h"

#include <limits>

#include "kernels/matmul/packed.h"

namespace lowbit::kernels {
namespace {

// A size that does not fit becomes one that no allocation can satisfy.
size_t saturate(uint64_t byte_count) {
  constexpr uint64_t kMax = std::numeric_limits<size_t>::max();
  return static_cast<size_t>(byte_count < kMax ? byte_count : kMax);
}

}  // namespace

size_t packed_matmul_f32_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth) {
  const int32_t k = taps * depth;
  if (tier == Tier::kReference) {
    const ReferencePackedF32 layout(columns);
    return saturate(layout.weights + static_cast<uint64_t>(columns) * static_cast<uint64_t>(k) * 4);
  }
  return saturate(static_cast<uint64_t>(panel_count(columns)) * panel_bytes_f32(k));
}

size_t packed_matmul_u8s8_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth) {
  const int32_t k = taps * depth;
  if (tier == Tier::kReference) {
    const ReferencePackedU8S8 layout(columns);
    return saturate(layout.weights + static_cast<uint64_t>(columns) * static_cast<uint64_t>(k));
  }
  return saturate(static_cast<uint64_t>(panel_count(columns)) * panel_bytes_u8s8(k));
}

}  // namespace lowbit::kernels

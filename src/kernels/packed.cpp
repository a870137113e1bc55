#include "kernels/packed.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace lowbit::kernels {
namespace {

template <class T>
size_t weight_bytes(const WeightMatrix<T>& w) {
  return static_cast<size_t>(w.rows) * static_cast<size_t>(w.columns) * sizeof(T);
}

// values may be nullptr, for zeros.
template <class T>
void copy_or_zero(const T* values, int32_t count, void* target) {
  const size_t byte_count = static_cast<size_t>(count) * sizeof(T);
  if (values == nullptr) {
    std::memset(target, 0, byte_count);
  } else {
    std::memcpy(target, values, byte_count);
  }
}

}  // namespace

size_t saturate(uint64_t byte_count) {
  return static_cast<size_t>(std::min<uint64_t>(byte_count, std::numeric_limits<size_t>::max()));
}

size_t panels_bytes(int32_t columns, uint64_t panel_bytes) {
  const uint64_t panels = (static_cast<uint64_t>(columns) + kPanelColumns - 1) / kPanelColumns;
  return saturate(panels * panel_bytes);
}

size_t packed_f32_bytes(Tier tier, int32_t columns, int32_t rows) {
  if (tier == Tier::kReference) {
    const ReferencePackedF32 layout(columns);
    return saturate(layout.weights +
                    static_cast<uint64_t>(columns) * static_cast<uint64_t>(rows) * sizeof(float));
  }
  return panels_bytes(columns, panel_bytes_f32(rows));
}

size_t packed_u8s8_bytes(Tier tier, int32_t columns, int32_t rows) {
  if (tier == Tier::kReference) {
    const ReferencePackedU8S8 layout(columns);
    return saturate(layout.weights + static_cast<uint64_t>(columns) * static_cast<uint64_t>(rows));
  }
  return panels_bytes(columns, panel_bytes_u8s8(rows));
}

void pack_reference_f32(const WeightMatrix<float>& w, const float* bias, void* packed) {
  const ReferencePackedF32 layout(w.columns);
  copy_or_zero(bias, w.columns, part<float>(packed, layout.bias));
  std::memcpy(part<float>(packed, layout.weights), w.weights, weight_bytes(w));
}

void pack_reference_u8s8(const WeightMatrix<int8_t>& w, const int32_t* bias,
                         const float* multiplier, int32_t input_zero_point, void* packed) {
  const ReferencePackedU8S8 layout(w.columns);
  *part<int32_t>(packed, layout.input_zero_point) = input_zero_point;
  copy_or_zero(bias, w.columns, part<int32_t>(packed, layout.bias));
  copy_or_zero(multiplier, w.columns, part<float>(packed, layout.multiplier));
  std::memcpy(part<int8_t>(packed, layout.weights), w.weights, weight_bytes(w));
}

void pack_panels_f32(const WeightMatrix<float>& w, const float* bias, void* packed) {
  std::byte* panel = static_cast<std::byte*>(packed);
  for (int32_t column = 0; column < w.columns; column += kPanelColumns) {
    const int32_t lanes = std::min(kPanelColumns, w.columns - column);
    std::memset(panel, 0, panel_bytes_f32(w.rows));
    copy_or_zero(bias == nullptr ? nullptr : bias + column, lanes, panel);
    float* b = part<float>(panel, kPanelHeaderBytesF32);
    const float* weights = w.weights + column * w.column_stride;
    for (int32_t k = 0; k < w.rows; ++k, b += kPanelColumns, weights += w.row_stride) {
      for (int32_t lane = 0; lane < lanes; ++lane) b[lane] = weights[lane * w.column_stride];
    }
    panel += panel_bytes_f32(w.rows);
  }
}

void pack_panels_u8s8(const WeightMatrix<int8_t>& w, const int32_t* bias, const float* multiplier,
                      int32_t input_zero_point, void* packed) {
  std::byte* panel = static_cast<std::byte*>(packed);
  for (int32_t column = 0; column < w.columns; column += kPanelColumns) {
    const int32_t lanes = std::min(kPanelColumns, w.columns - column);
    std::memset(panel, 0, panel_bytes_u8s8(w.rows));
    copy_or_zero(multiplier + column, lanes, part<float>(panel, kPanelMultiplierOffset));
    int32_t sums[kPanelColumns] = {};
    int16_t* b = part<int16_t>(panel, kPanelHeaderBytesU8S8);
    const int8_t* weights = w.weights + column * w.column_stride;
    for (int32_t k = 0; k < w.rows; ++k, weights += w.row_stride) {
      int16_t* pair = b + ptrdiff_t{k / 2} * (2 * kPanelColumns) + k % 2;
      for (int32_t lane = 0; lane < lanes; ++lane) {
        const int8_t weight = weights[lane * w.column_stride];
        pair[lane * 2] = weight;
        sums[lane] += weight;
      }
    }
    for (int32_t lane = 0; lane < lanes; ++lane) {
      part<int32_t>(panel, 0)[lane] =
          (bias == nullptr ? 0 : bias[column + lane]) - input_zero_point * sums[lane];
    }
    panel += panel_bytes_u8s8(w.rows);
  }
}

}  // namespace lowbit::kernels

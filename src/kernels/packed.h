// Packed weights: how each tier lays out operand B of matmul/ and depthwise/. B has K rows (for
// depthwise: taps) and N columns (channels); every part starts at a multiple of 4 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/tier.h"

namespace lowbit::kernels {

// B as it comes: weight (row k, column j) is at weights[k * row_stride + j * column_stride].
template <class T>
struct WeightMatrix {
  const T* weights = nullptr;
  int32_t rows = 0;
  int32_t columns = 0;
  ptrdiff_t row_stride = 0;
  ptrdiff_t column_stride = 0;
};

template <class T>
T* part(void* packed, size_t byte_offset) {
  return static_cast<T*>(static_cast<void*>(static_cast<std::byte*>(packed) + byte_offset));
}

template <class T>
const T* part(const void* packed, size_t byte_offset) {
  return static_cast<const T*>(
      static_cast<const void*>(static_cast<const std::byte*>(packed) + byte_offset));
}

// The reference tier: one array after another, the operands of the equations unchanged.
struct ReferencePackedF32 {
  size_t bias = 0;     // float[columns]
  size_t weights = 0;  // float[rows * columns], in the order in which they came

  explicit ReferencePackedF32(int32_t columns) : weights(static_cast<size_t>(columns) * 4) {}
};

struct ReferencePackedU8S8 {
  size_t input_zero_point = 0;  // int32
  size_t bias = 4;              // int32[columns]
  size_t multiplier = 0;        // float[columns]
  size_t weights = 0;           // int8[rows * columns], in the order in which they came

  constexpr explicit ReferencePackedU8S8(int32_t columns)
      : multiplier(bias + static_cast<size_t>(columns) * 4),
        weights(multiplier + static_cast<size_t>(columns) * 4) {}
};

// The simd128 tier: panels of 8 columns, zero beyond N, each read once from front to back: a
// header, then B's rows, 8 columns wide.
inline constexpr int32_t kPanelColumns = 8;

// float[8] bias; float[K][8].
inline constexpr int32_t kPanelHeaderBytesF32 = 32;
constexpr size_t panel_bytes_f32(int32_t rows) {
  return kPanelHeaderBytesF32 + static_cast<size_t>(rows) * 32;
}

// int32[8] bias with the zero point of the other operand folded in, bias[j] - Za * sum_k B[k, j];
// float[8] multipliers; int16[ceil(K / 2)][8][2]: widened, and the rows in pairs, as
// i32x4.dot_i16x8_s takes them (a last single row is paired with zeros).
inline constexpr int32_t kPanelMultiplierOffset = 32;
inline constexpr int32_t kPanelHeaderBytesU8S8 = 64;
constexpr size_t panel_bytes_u8s8(int32_t rows) {
  return kPanelHeaderBytesU8S8 + (static_cast<size_t>(rows) + 1) / 2 * 32;
}

// A size that does not fit size_t becomes one that no allocation satisfies.
size_t saturate(uint64_t byte_count);
size_t panels_bytes(int32_t columns, uint64_t panel_bytes);
size_t packed_f32_bytes(Tier tier, int32_t columns, int32_t rows);
size_t packed_u8s8_bytes(Tier tier, int32_t columns, int32_t rows);

// bias may be nullptr, for zeros.
void pack_reference_f32(const WeightMatrix<float>& weights, const float* bias, void* packed);
void pack_reference_u8s8(const WeightMatrix<int8_t>& weights, const int32_t* bias,
                         const float* multiplier, int32_t input_zero_point, void* packed);
void pack_panels_f32(const WeightMatrix<float>& weights, const float* bias, void* packed);
void pack_panels_u8s8(const WeightMatrix<int8_t>& weights, const int32_t* bias,
                      const float* multiplier, int32_t input_zero_point, void* packed);

}  // namespace lowbit::kernels

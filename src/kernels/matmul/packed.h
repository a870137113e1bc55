// How each tier lays out the packed operand B. Every part starts at a multiple of 4 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lowbit::kernels {

template <class T>
T* part(void* packed, size_t byte_offset) {
  return static_cast<T*>(static_cast<void*>(static_cast<std::byte*>(packed) + byte_offset));
}

template <class T>
const T* part(const void* packed, size_t byte_offset) {
  return static_cast<const T*>(
      static_cast<const void*>(static_cast<const std::byte*>(packed) + byte_offset));
}

// One array after another: the operands of the equation in matmul.h, unchanged.
struct ReferencePackedF32 {
  size_t bias = 0;     // float[columns]
  size_t weights = 0;  // float[columns][K]

  explicit ReferencePackedF32(int32_t columns) : weights(static_cast<size_t>(columns) * 4) {}
};

struct ReferencePackedU8S8 {
  size_t input_zero_point = 0;  // int32
  size_t bias = 4;              // int32[columns]
  size_t multiplier = 0;        // float[columns]
  size_t weights = 0;           // int8[columns][K]

  explicit ReferencePackedU8S8(int32_t columns)
      : multiplier(bias + static_cast<size_t>(columns) * 4),
        weights(multiplier + static_cast<size_t>(columns) * 4) {}
};

// Panels of 8 columns, zero beyond N, each read once from front to back: the panel's bias (for integers the
// zero point folded in, and then its multipliers), then B's rows, 8 columns wide.
inline constexpr int32_t kPanelColumns = 8;

constexpr int32_t panel_count(int32_t columns) {
  return columns / kPanelColumns + (columns % kPanelColumns != 0 ? 1 : 0);
}

// float[8] bias, float[K][8] B.
constexpr size_t panel_bytes_f32(int32_t k) { return 32 + static_cast<size_t>(k) * 32; }

// int32[8] bias, float[8] multipliers, int16[ceil(K / 2)][8][2] B: widened, and its rows in pairs, as
// i32x4.dot_i16x8_s takes them; a last single row is paired with zeros.
constexpr size_t panel_bytes_u8s8(int32_t k) {
  return 64 + (static_cast<size_t>(k) + 1) / 2 * 32;
}

}  // namespace lowbit::kernels

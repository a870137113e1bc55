// The u8s4 product of many rows as u8s8 products: a few panels at a time are unpacked into memory
// that stays in the cache, and every row meets them there. Only while few rows share the work does
// unpacking in registers cost less.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/matmul/matmul.h"

namespace lowbit::kernels {

// Panels of packed weights, each a header, which both products share, and the weights behind it.
struct UnpackedPanels {
  int32_t columns = 0;      // of one panel
  int32_t most_panels = 1;  // that the u8s8 product is given at once
  size_t header_bytes = 0;
  size_t u8s4_bytes = 0;  // of one panel with its header
  size_t u8s8_bytes = 0;
  // From the weights of a u8s4 panel those of a u8s8 one: `byte_count` bytes, and up to
  // kUnpackedSlack more.
  void (*unpack)(const std::byte* nibbles, std::byte* weights, size_t byte_count) = nullptr;
};

inline constexpr size_t kUnpackedSlack = 32;
inline constexpr size_t kUnpackedBytes = 128 * 1024;

// Whether there is room for a panel.
constexpr bool fits_unpacked(size_t u8s8_panel_bytes) {
  return u8s8_panel_bytes + kUnpackedSlack <= kUnpackedBytes;
}

// `panels` must fit.
void run_unpacked(const MatmulU8S8& product, const UnpackedPanels& panels,
                  void (*kernel)(const MatmulU8S8&));

}  // namespace lowbit::kernels

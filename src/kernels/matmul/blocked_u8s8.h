// INT8 in blocks: B's rows are widened to int16 and taken in pairs (packed.h), as are A's elements
// while they are gathered: one i32x4.dot_i16x8_s then multiplies and adds two elements of K for
// four columns, exactly, whatever the 8-bit operands.
#pragma once

#include "kernels/matmul/blocked_simd128.h"
#include "kernels/matmul/requantized.h"

namespace lowbit::kernels {

struct CopyWidened {
  using Source = uint8_t;
  using Element = int16_t;
  static constexpr int32_t kBlockDepth = 512;

  static void copy(const uint8_t* source, int32_t count, int16_t* target) {
    for (int32_t i = 0; i < count; i += kCopyStep) {
      wasm_v128_store(target + i, wasm_u16x8_load8x8(source + i));
      wasm_v128_store(target + i + 8, wasm_u16x8_load8x8(source + i + 8));
    }
  }
};

// In simd128_u8s8.cpp, which is compiled for speed; another source that includes this is not.
extern template struct RowBlock<CopyWidened>;

class KernelU8S8 : public RequantizedOutput {
 public:
  using Copy = CopyWidened;
  static constexpr bool kRestByRow = false;
  static constexpr int32_t block_depth() { return Copy::kBlockDepth; }
  static constexpr size_t panel_bytes(int32_t k) { return panel_bytes_u8s8(k); }
  static constexpr ptrdiff_t weights_offset(int32_t k) {
    return kPanelHeaderBytesU8S8 + ptrdiff_t{k} * 16;
  }

  using RequantizedOutput::RequantizedOutput;

  // The last element of an odd K meets a zero weight.
  static void pad(int16_t* row, int32_t count) { row[count] = 0; }

  // A tile of kRows x 8 kPanels: 4 x 8 where there are rows enough.
  template <int32_t kStride, int kRows, int kPanels>
  static void accumulate(Tile<kRows, kPanels>& tile, const int16_t* a, const std::byte* b,
                         ptrdiff_t panel_bytes, int32_t count) {
    for (int32_t k = 0; k < count; k += 2) {
      Lanes8 weights[kPanels];
      for (int p = 0; p < kPanels; ++p) weights[p] = load_lanes8(b + p * panel_bytes);
      for (int r = 0; r < kRows; ++r) {
        const v128_t pair = wasm_v128_load32_splat(a + r * kStride);
        for (int p = 0; p < kPanels; ++p) {
          for (int h = 0; h < 2; ++h) {
            v128_t& sum = tile.sum[r][p].half[h];
            sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(pair, weights[p].half[h]));
          }
        }
      }
      a += 2;
      b += 32;
    }
  }
};

}  // namespace lowbit::kernels

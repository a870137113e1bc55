// As the 8-bit product (blocked_u8s8.h), but one load brings two vectors of weights, which one
// operation takes apart (nibbles.h).
#include "kernels/matmul/blocked_u8s8.h"
#include "kernels/matmul/nibbles.h"

namespace lowbit::kernels {
namespace {

class KernelU8S4 : public KernelU8S8 {
 public:
  static constexpr bool kRestByRow = true;
  static constexpr size_t panel_bytes(int32_t k) {
    return static_cast<size_t>(nibble_panel_bytes({1, k, kNibbleDepth}));
  }
  static constexpr ptrdiff_t weights_offset(int32_t k) {
    return kPanelHeaderBytesU8S8 + ptrdiff_t{k} * kNibbleRowBytes;
  }

  using KernelU8S8::KernelU8S8;

  // Beyond all that copy() writes, the row's excess: what the bias of the low weights adds to sums.
  static void pad(int16_t* row, int32_t count) {
    wasm_v128_store(row + count, wasm_i16x8_splat(0));
    const v128_t bias = wasm_i16x8_splat(kNibbleBias);
    v128_t sums = wasm_i32x4_splat(0);
    for (int32_t i = 0; i < count; i += 8) {
      sums = wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(wasm_v128_load(row + i), bias));
    }
    wasm_v128_store(row + kExcessOffset, sums);
  }

  template <int32_t kStride, int kRows, int kPanels>
  static void accumulate(Tile<kRows, kPanels>& tile, const int16_t* a, const std::byte* b,
                         ptrdiff_t panel_bytes, int32_t count) {
    const v128_t mask = wasm_v128_load16_splat(&kNibbleMask16);
    const int16_t* excess = a + kExcessOffset;
    v128_t low[kRows][kPanels] = {};
    v128_t high[kRows][kPanels] = {};
    for (int32_t k = 0; k < count; k += 2) {
      v128_t both[kPanels];
      for (int p = 0; p < kPanels; ++p) both[p] = wasm_i16x8_load8x8(b + p * panel_bytes);
      for (int r = 0; r < kRows; ++r) {
        const v128_t pair = wasm_v128_load32_splat(a + r * kStride);
        for (int p = 0; p < kPanels; ++p) {
          const v128_t lows = wasm_v128_and(both[p], mask);
          low[r][p] = wasm_i32x4_add(low[r][p], wasm_i32x4_dot_i16x8(pair, lows));
          high[r][p] = wasm_i32x4_add(high[r][p], wasm_i32x4_dot_i16x8(pair, both[p]));
        }
      }
      a += 2;
      b += 2 * kNibbleRowBytes;
    }
    for (int r = 0; r < kRows; ++r) {
      const v128_t surplus = sum_of_lanes(wasm_v128_load(excess + r * kStride));
      for (int p = 0; p < kPanels; ++p) {
        v128_t(&sum)[2] = tile.sum[r][p].half;
        const v128_t highs = wasm_i32x4_shr(wasm_i32x4_sub(high[r][p], low[r][p]), 4);
        sum[0] = wasm_i32x4_add(sum[0], wasm_i32x4_sub(low[r][p], surplus));
        sum[1] = wasm_i32x4_add(sum[1], highs);
      }
    }
  }

 private:
  static constexpr int32_t kExcessOffset = Copy::kBlockDepth + kCopyStep;  // in elements

  // In each lane.
  static v128_t sum_of_lanes(v128_t x) {
    x = wasm_i32x4_add(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_i32x4_add(x, wasm_i32x4_shuffle(x, x, 1, 0, 3, 2));
  }
};

}  // namespace

void pack_matmul_u8s4__simd128(const PackMatmulU8S8& p) {
  pack_nibble_panels(p, {1, p.taps * p.depth, kNibbleDepth}, 2, 0);
}

void matmul_u8s4__simd128(const MatmulU8S8& product) {
  const KernelU8S4 kernel(product);
  BlockedProduct<KernelU8S4>::run<4>(kernel, product.rows, product.packed, product.columns);
}

}  // namespace lowbit::kernels

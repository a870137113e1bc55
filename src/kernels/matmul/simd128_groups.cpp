// The product in groups: within a block as matmul_u8s8, exactly; at its end the sums go, as floats,
// to the tile's. Relaxed SIMD runs it too.
#include "kernels/kernels.h"
#include "kernels/matmul/blocked_u8s8.h"
#include "kernels/matmul/groups.h"
#include "qmath/requantize_groups.h"

namespace lowbit::kernels {
namespace {

class KernelGroups {
 public:
  using Copy = CopyWidened;
  static constexpr bool kRestByRow = false;
  static_assert(kMaxBlockSize <= Copy::kBlockDepth);

  explicit KernelGroups(const MatmulU8S8& product)
      : c_(product.c),
        c_stride_(product.c_stride),
        columns_(product.columns),
        block_size_(product.block_size),
        saturate_(product.output_zero_point, product.qmin, product.qmax) {}

  // Whole groups.
  int32_t block_depth() const { return Copy::kBlockDepth - Copy::kBlockDepth % block_size_; }
  size_t panel_bytes(int32_t k) const { return groups_panel_bytes(k, block_size_); }
  ptrdiff_t weights_offset(int32_t k) const {
    return static_cast<ptrdiff_t>(group_offset(k, block_size_));
  }

  static void pad(int16_t* row, int32_t count) { KernelU8S8::pad(row, count); }

  template <int32_t kStride, int kRows, int kPanels>
  void accumulate(Tile<kRows, kPanels>& tile, const int16_t* a, const std::byte* b,
                  ptrdiff_t panel_bytes, int32_t count) const {
    for (int32_t k = 0; k < count; k += block_size_) {
      Tile<kRows, kPanels> group;
      for (int p = 0; p < kPanels; ++p) {
        const Lanes8 start = load_lanes8(b + p * panel_bytes);
        for (int r = 0; r < kRows; ++r) group.sum[r][p] = start;
      }
      KernelU8S8::accumulate<kStride>(group, a + k, b + kPanelHeaderBytesU8S8, panel_bytes,
                                      std::min(block_size_, count - k));
      for (int p = 0; p < kPanels; ++p) {
        const Lanes8 multipliers = load_lanes8(b + p * panel_bytes + kPanelMultiplierOffset);
        for (int r = 0; r < kRows; ++r) {
          for (int h = 0; h < 2; ++h) {
            v128_t& sum = tile.sum[r][p].half[h];
            const v128_t exact = wasm_f32x4_convert_i32x4(group.sum[r][p].half[h]);
            sum = wasm_f32x4_add(sum, wasm_f32x4_mul(exact, multipliers.half[h]));
          }
        }
      }
      b += panel_bytes_u8s8(block_size_);
    }
  }

  template <int kRows, int kPanels>
  void finish(const Tile<kRows, kPanels>& tile, const std::byte*, ptrdiff_t, int32_t row,
              int32_t column) const {
    for (int p = 0; p < kPanels; ++p, column += kPanelColumns) {
      for (int r = 0; r < kRows; ++r) {
        const Lanes8& sum = tile.sum[r][p];
        store_u8x8(c_ + (row + r) * c_stride_ + column, saturate_.u8x8(sum.half[0], sum.half[1]),
                   std::min(kPanelColumns, columns_ - column));
      }
    }
  }

 private:
  uint8_t* c_;
  ptrdiff_t c_stride_;
  int32_t columns_;
  int32_t block_size_;
  SaturateU8 saturate_;
};

}  // namespace

void matmul_u8s8_groups__simd128(const MatmulU8S8& product) {
  BlockedProduct<KernelGroups>::run<4>(KernelGroups(product), product.rows, product.packed,
                                       product.columns);
}

}  // namespace lowbit::kernels

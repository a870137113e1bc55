// A stays bytes, and is read where it lies. One relaxed dot product multiplies and adds four
// elements of K for four columns.
#include "kernels/kernels.h"
#include "kernels/matmul/direct.h"
#include "kernels/matmul/dot_packing.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

class DirectU {
 public:
  using Source = uint8_t;
  static constexpr int32_t kTileRows = 6;
  static constexpr int32_t kStep = kDotDepth;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesU8S8;
  static constexpr int32_t kStepBytes = kPanelColumns;

  explicit DirectU(const MatmulU8S8& product)
      : c_(product.c),
        c_stride_(product.c_stride),
        columns_(product.columns),
        requantizer_(product.output_zero_point, product.qmin, product.qmax) {}

  template <int kRows, int kPanels>
  static void accumulate(Tile<kRows, kPanels>& tile, const uint8_t* const* rows, const std::byte* b,
                         ptrdiff_t panel_bytes, int32_t count) {
    const uint8_t* a[kRows];
    for (int r = 0; r < kRows; ++r) a[r] = rows[r];
    for (int32_t k = 0; k < count; k += kDotDepth) {
      Lanes8 weights[kPanels];
      for (int p = 0; p < kPanels; ++p) weights[p] = load_lanes8(b + p * panel_bytes);
      for (int r = 0; r < kRows; ++r) {
        const v128_t x = wasm_v128_load32_splat(a[r]);
        a[r] += kDotDepth;
        for (int p = 0; p < kPanels; ++p) {
          for (int h = 0; h < 2; ++h) {
            v128_t& sum = tile.sum[r][p].half[h];
            sum = relaxed_dot_u(weights[p].half[h], x, sum);
          }
        }
      }
      b += kDotDepth * kStepBytes;
    }
  }

  template <int kRows, int kPanels>
  void finish(const Tile<kRows, kPanels>& tile, const std::byte* panel, ptrdiff_t panel_bytes,
              int32_t row, int32_t column) const {
    uint8_t* c = c_ + row * c_stride_ + column;
    for (int p = 0; p < kPanels; ++p) {
      const Lanes8 multipliers = load_lanes8(panel + kPanelMultiplierOffset);
      const int32_t count = std::min(kPanelColumns, columns_ - column - p * kPanelColumns);
      for (int r = 0; r < kRows; ++r) {
        requantizer_.store(c + r * c_stride_, tile.sum[r][p], multipliers, count);
      }
      panel += panel_bytes;
      c += kPanelColumns;
    }
  }

 private:
  uint8_t* c_;
  ptrdiff_t c_stride_;
  int32_t columns_;
  Requantizer requantizer_;
};

PieceSizes sizes_of(const PackMatmulU8S8& p) { return {p.taps, p.depth, kDotDepth}; }

}  // namespace

void pack_matmul_u8s8__relaxed_u(const PackMatmulU8S8& p) { pack_dot_panels(p, sizes_of(p), 0); }

void matmul_u8s8__relaxed_u(const MatmulU8S8& product) {
  DirectProduct<DirectU>::run(DirectU(product), product.rows, product.packed, product.columns);
}

}  // namespace lowbit::kernels

#include "kernels/kernels.h"
#include "kernels/matmul/blocked_simd128.h"
#include "kernels/output_simd128.h"

namespace lowbit::kernels {
namespace {

class KernelF32 {
 public:
  using Source = float;
  using Element = float;
  static constexpr int32_t kBlockDepth = 256;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesF32;
  static constexpr int32_t kStepBytes = 32;
  static constexpr size_t panel_bytes(int32_t k) { return panel_bytes_f32(k); }

  explicit KernelF32(const MatmulF32& product)
      : c_(product.c),
        c_stride_(product.c_stride),
        columns_(product.columns),
        clamp_(product.min, product.max) {}

  // Two vectors at a time: a loop over one would be compiled to a call of memcpy, which is slow for
  // the few floats of a piece.
  static void copy(const float* source, int32_t count, float* target) {
    for (int32_t i = 0; i < count; i += 8) {
      const v128_t low = wasm_v128_load(source + i);
      const v128_t high = wasm_v128_load(source + i + 4);
      wasm_v128_store(target + i, low);
      wasm_v128_store(target + i + 4, high);
    }
  }

  // Nothing to complete: what copy() wrote past the end may be NaN and is never read.
  static void pad(float*, int32_t) {}

  // gemm_f32__simd128, a tile of kRows x 8 kPanels: 4 x 8 where there are rows enough.
  template <int32_t kStride, int kRows, int kPanels>
  static void accumulate(Tile<kRows, kPanels>& tile, const float* a, const std::byte* b,
                         ptrdiff_t panel_bytes, int32_t count) {
    for (int32_t k = 0; k < count; ++k) {
      Lanes8 weights[kPanels];
      for (int p = 0; p < kPanels; ++p) weights[p] = load_lanes8(b + p * panel_bytes);
      for (int r = 0; r < kRows; ++r) {
        const v128_t x = wasm_v128_load32_splat(a + r * kStride);
        for (int p = 0; p < kPanels; ++p) {
          for (int h = 0; h < 2; ++h) {
            v128_t& sum = tile.sum[r][p].half[h];
            sum = wasm_f32x4_add(sum, wasm_f32x4_mul(x, weights[p].half[h]));
          }
        }
      }
      a += 1;
      b += 32;
    }
  }

  template <int kRows, int kPanels>
  void finish(const Tile<kRows, kPanels>& tile, const std::byte*, ptrdiff_t, int32_t row,
              int32_t column) const {
    float* c = c_ + row * c_stride_ + column;
    for (int p = 0; p < kPanels; ++p) {
      const int32_t count = std::min(kPanelColumns, columns_ - column - p * kPanelColumns);
      for (int r = 0; r < kRows; ++r) clamp_.store(c + r * c_stride_, tile.sum[r][p], count);
      c += kPanelColumns;
    }
  }

 private:
  float* c_;
  ptrdiff_t c_stride_;
  int32_t columns_;
  Clamp clamp_;
};

}  // namespace

void matmul_f32__simd128(const MatmulF32& product) {
  const KernelF32 kernel(product);
  BlockedProduct<KernelF32>::run(kernel, product.rows, product.packed, product.columns);
}

}  // namespace lowbit::kernels

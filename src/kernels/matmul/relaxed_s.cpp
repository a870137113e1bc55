// Class S: the dot product takes signed bytes, so 128 is subtracted from the activations while they
// are gathered, and added again in the bias.
#include "kernels/kernels.h"
#include "kernels/matmul/blocked_simd128.h"
#include "kernels/matmul/dot_packing.h"
#include "kernels/matmul/nibble_dot.h"
#include "kernels/matmul/requantized.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

struct CopySigned {
  using Source = uint8_t;
  using Element = int8_t;
  static constexpr int32_t kBlockDepth = 1024;

  static void copy(const uint8_t* source, int32_t count, int8_t* target) {
    for (int32_t i = 0; i < count; i += kCopyStep) {
      wasm_v128_store(target + i,
                      wasm_v128_xor(wasm_v128_load(source + i), wasm_i8x16_splat(-128)));
    }
  }
};

class KernelS : public RequantizedOutput {
 public:
  using Copy = CopySigned;
  static constexpr bool kRestByRow = false;
  static constexpr int32_t kHeaderBytes = kPanelHeaderBytesU8S8;
  static constexpr int32_t kStepBytes = kPanelColumns;
  static constexpr int32_t block_depth() { return Copy::kBlockDepth; }
  static constexpr ptrdiff_t weights_offset(int32_t k) {
    return kHeaderBytes + ptrdiff_t{k} * kStepBytes;
  }
  static constexpr size_t panel_bytes(int32_t k) {
    return kHeaderBytes + static_cast<size_t>(PieceSizes(1, k, kDotDepth).packed_k()) * kStepBytes;
  }

  using RequantizedOutput::RequantizedOutput;

  // Nothing to complete: what was copied past the end meets weights of zero.
  static void pad(int8_t*, int32_t) {}

  template <int32_t kStride, int kRows, int kPanels>
  static void accumulate(Tile<kRows, kPanels>& tile, const int8_t* a, const std::byte* b,
                         ptrdiff_t panel_bytes, int32_t count) {
    for (int32_t k = 0; k < count; k += kDotDepth) {
      Lanes8 weights[kPanels];
      for (int p = 0; p < kPanels; ++p) weights[p] = load_lanes8(b + p * panel_bytes);
      for (int r = 0; r < kRows; ++r) {
        const v128_t x = wasm_v128_load32_splat(a + r * kStride);
        for (int p = 0; p < kPanels; ++p) {
          for (int h = 0; h < 2; ++h) {
            v128_t& sum = tile.sum[r][p].half[h];
            sum = relaxed_dot_s(weights[p].half[h], x, sum);
          }
        }
      }
      a += kDotDepth;
      b += kDotDepth * kStepBytes;
    }
  }
};

struct DotS {
  static constexpr bool kTakesAllBytes = true;
  static v128_t call(v128_t weights, v128_t activations, v128_t sum) {
    return relaxed_dot_s(weights, wasm_v128_xor(activations, wasm_v128_load8_splat(&kSignBit)),
                         sum);
  }
};

}  // namespace

void pack_matmul_u8s8__relaxed_s(const PackMatmulU8S8& p) {
  pack_dot_panels(p, {1, p.taps * p.depth, kDotDepth}, -128);
}

template <int kTileRows>
void matmul_u8s8__relaxed_s(const MatmulU8S8& product) {
  BlockedProduct<KernelS>::run<kTileRows>(KernelS(product), product.rows, product.packed,
                                          product.columns);
}

template void matmul_u8s8__relaxed_s<4>(const MatmulU8S8&);
template void matmul_u8s8__relaxed_s<8>(const MatmulU8S8&);

void pack_matmul_u8s4__relaxed_s(const PackMatmulU8S8& p) {
  pack_nibble_panels(p, {1, p.taps * p.depth, kDotDepth}, kDotDepth, -128);
}

void matmul_u8s4__relaxed_s(const MatmulU8S8& product) {
  const PieceSizes sizes(1, product.rows.taps * product.rows.depth, kDotDepth);
  NibbleDot<DotS>::run(product, sizes, matmul_u8s8__relaxed_s<4>);
}

}  // namespace lowbit::kernels

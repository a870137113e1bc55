// Class U: the dot product takes activations as they are.
#include "kernels/matmul/direct_dot.h"
#include "kernels/matmul/nibble_dot.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

struct DotU {
  static constexpr bool kTakesAllBytes = true;
  static v128_t call(v128_t weights, v128_t activations, v128_t sum) {
    return relaxed_dot_u(weights, activations, sum);
  }
};

}  // namespace

void pack_matmul_u8s8__relaxed_u(const PackMatmulU8S8& p) {
  pack_dot_panels(p, {p.taps, p.depth, kDotDepth}, 0);
}

template <int kTileRows>
void matmul_u8s8__relaxed_u(const MatmulU8S8& product) {
  DirectDot<DotU>::run<kTileRows>(product);
}

template void matmul_u8s8__relaxed_u<6>(const MatmulU8S8&);
template void matmul_u8s8__relaxed_u<4>(const MatmulU8S8&);

void pack_matmul_u8s4__relaxed_u(const PackMatmulU8S8& p) {
  pack_nibble_panels(p, {p.taps, p.depth, kDotDepth}, kDotDepth, 0);
}

void matmul_u8s4__relaxed_u(const MatmulU8S8& product) {
  const PieceSizes sizes(product.rows.taps, product.rows.depth, kDotDepth);
  NibbleDot<DotU>::run(product, sizes, matmul_u8s8__relaxed_u<6>);
}

}  // namespace lowbit::kernels

#include "kernels/matmul/direct_f32.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

struct RelaxedMultiplyAdd {
  static v128_t call(v128_t a, v128_t b, v128_t c) { return relaxed_madd(a, b, c); }
};

}  // namespace

template <int kTileRows>
void matmul_f32__relaxed(const MatmulF32& product) {
  DirectF32<RelaxedMultiplyAdd>::run<kTileRows>(product);
}

template void matmul_f32__relaxed<6>(const MatmulF32&);
template void matmul_f32__relaxed<8>(const MatmulF32&);
template void matmul_f32__relaxed<4>(const MatmulF32&);

}  // namespace lowbit::kernels

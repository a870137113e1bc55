#include "kernels/matmul/direct_f32.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

struct RelaxedMultiplyAdd {
  static constexpr int kTileRows = 6;
  static v128_t call(v128_t a, v128_t b, v128_t c) { return relaxed_madd(a, b, c); }
};

}  // namespace

void matmul_f32__relaxed(const MatmulF32& product) { DirectF32<RelaxedMultiplyAdd>::run(product); }

}  // namespace lowbit::kernels

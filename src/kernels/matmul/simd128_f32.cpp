#include "kernels/matmul/direct_f32.h"

namespace lowbit::kernels {
namespace {

struct MultiplyThenAdd {
  static v128_t call(v128_t a, v128_t b, v128_t c) {
    return wasm_f32x4_add(c, wasm_f32x4_mul(a, b));
  }
};

}  // namespace

void matmul_f32__simd128(const MatmulF32& product) { DirectF32<MultiplyThenAdd>::run<4>(product); }

}  // namespace lowbit::kernels

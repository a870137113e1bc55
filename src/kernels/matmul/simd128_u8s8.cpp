#include "kernels/kernels.h"
#include "kernels/matmul/blocked_u8s8.h"

namespace lowbit::kernels {

template struct RowBlock<CopyWidened>;

void matmul_u8s8__simd128(const MatmulU8S8& product) {
  const KernelU8S8 kernel(product);
  BlockedProduct<KernelU8S8>::run<4>(kernel, product.rows, product.packed, product.columns);
}

}  // namespace lowbit::kernels

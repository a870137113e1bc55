#include "kernels/kernels.h"

namespace lowbit::kernels {

void outer_product_f32__reference(const OuterProductF32& p) {
  const OuterProductRows& rows = p.rows;
  for (int64_t i = 0; i < rows.count; ++i) {
    const float* b = p.b + i * p.b_stride;
    for (int64_t t = 0; t < rows.taps; ++t) {
      const float* a = rows.a;
      if (rows.offsets == nullptr) {
        a += i * rows.row_stride;
      } else {
        const int32_t offset = rows.offsets[i * rows.taps + t];
        a = offset == kPaddingOffset ? rows.padding : rows.a + offset;
      }
      float* c = p.c + t * rows.depth * p.columns;
      for (int64_t d = 0; d < rows.depth; ++d) {
        for (int64_t j = 0; j < p.columns; ++j) c[d * p.columns + j] += a[d] * b[j];
      }
    }
  }
}

}  // namespace lowbit::kernels

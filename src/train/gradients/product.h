// C = A * B through the tiered matrix product of kernels/matmul, for a B that changes at every step
// and is packed anew.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

namespace lowbit::gradient {

class Product {
 public:
  // B is [columns][depth]. Errors: kOutOfMemory.
  static Result<Product> create(Tier tier, int64_t columns, int64_t depth) {
    Product product;
    product.kernels_ = kernels::kernel_table(tier);
    product.columns_ = static_cast<int32_t>(columns);
    product.depth_ = static_cast<int32_t>(depth);
    product.words_ = kernels::word_offsets(kernels::kOnePiece, product.depth_, sizeof(float));
    LOWBIT_ASSIGN(product.packed_, Buffer::allocate(kernels::packed_matmul_f32_bytes(
                                       tier, product.columns_, 1, product.depth_)));
    return product;
  }

  void pack(const float* b) const {
    kernels_.pack_matmul_f32(
        {.weights = b, .columns = columns_, .depth = depth_, .packed = packed_->data()});
  }

  // A has `rows` rows, a_stride elements apart, and C c_stride ones.
  void run(const float* a, int64_t rows, int64_t a_stride, float* c, int64_t c_stride) const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    kernels_.matmul_f32({.rows = {.a = a,
                                  .count = static_cast<int32_t>(rows),
                                  .depth = depth_,
                                  .row_stride = static_cast<int32_t>(a_stride),
                                  .words = words_.data()},
                         .packed = packed_->data(),
                         .columns = columns_,
                         .c = c,
                         .c_stride = static_cast<int32_t>(c_stride),
                         .min = -kInfinity,
                         .max = kInfinity});
  }

 private:
  Product() = default;

  kernels::KernelTable kernels_ = {};
  int32_t columns_ = 0;
  int32_t depth_ = 0;
  std::vector<int32_t> words_;
  std::shared_ptr<Buffer> packed_;
};

}  // namespace lowbit::gradient

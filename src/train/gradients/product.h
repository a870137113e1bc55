// C = A * B through the tiered matrix product of kernels/matmul, for a B that changes at every step
// and is packed anew.
#pragma once

#include <limits>
#include <memory>

#include "kernels/kernels.h"
#include "tensor/tensor.h"

namespace lowbit::gradient {

class Product {
 public:
  // B is [columns][taps][depth]. Errors: kOutOfMemory.
  static Result<Product> create(Tier tier, int64_t columns, int64_t taps, int64_t depth) {
    Product product;
    product.kernels_ = kernels::kernel_table(tier);
    product.columns_ = static_cast<int32_t>(columns);
    product.taps_ = static_cast<int32_t>(taps);
    product.depth_ = static_cast<int32_t>(depth);
    LOWBIT_ASSIGN(product.packed_, Buffer::allocate(kernels::packed_matmul_f32_bytes(
                                       tier, product.columns_, product.taps_, product.depth_)));
    return product;
  }

  void pack(const float* b) const {
    kernels_.pack_matmul_f32({.weights = b,
                              .columns = columns_,
                              .taps = taps_,
                              .depth = depth_,
                              .packed = packed_->data()});
  }

  // A's depth and taps are create()'s; C has c_stride elements between rows.
  void run(const kernels::MatmulRows<float>& a, float* c, int64_t c_stride) const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    kernels_.matmul_f32({.rows = a,
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
  int32_t taps_ = 1;
  int32_t depth_ = 0;
  std::shared_ptr<Buffer> packed_;
};

}  // namespace lowbit::gradient

// Products of integers that the packed kernels do not take: ConvInteger and MatMulInteger, and
// Conv, Gemm and MatMul of quantized activations whose weights are computed, have zero points, or
// are several matrices. They run on kernels/integer_product, row-major.
#pragma once

#include "engine/lowering.h"

namespace lowbit::engine {

// Of a Conv, Gemm or MatMul.
bool needs_integer_product(const Lowering& lowering, size_t index);

// Errors: kAccumulatorOverflow (sums of more than kMaxIntegerProductDepth products),
// kLimitExceeded.
Status lower_integer_conv(Lowering& lowering, size_t index);
// Gemm, too.
Status lower_integer_matmul(Lowering& lowering, size_t index);

}  // namespace lowbit::engine

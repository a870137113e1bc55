// Elements folded into fewer, and sums of products: walks over arrays whose strides in the output
// are 0 along what is folded. Floats go in rows of which the compiler makes SIMD, so there is one
// tier; integers go one by one, and wrap around.
#pragma once

#include <cstdint>

#include "kernels/binary/binary.h"

namespace lowbit::kernels {

// output[o] = fold of all input[i] that are walked with it (qmath/reduce.inc). `fold`: kAdd, kMul,
// kMax or kMin. Any type but bool.
struct Reduce {
  const void* input = nullptr;
  void* output = nullptr;  // dense, output_count elements
  Shape dims;
  Strides input_strides{};
  Strides output_strides{};
  int64_t output_count = 1;
  BinaryFunction fold = BinaryFunction::kAdd;
  int64_t divisor = 1;  // of the result: what ReduceMean folds
  DType type = DType::kF32;
};

void reduce(const Reduce& args);

// output[o] = sum of a[i] * b[j] over all that is walked with o; without b, of a[i].
struct SumOfProducts {
  const float* a = nullptr;
  const float* b = nullptr;  // may be null
  float* output = nullptr;   // dense, output_count elements
  Shape dims;
  Strides a_strides{};
  Strides b_strides{};
  Strides output_strides{};
  int64_t output_count = 1;
};

void sum_of_products(const SumOfProducts& args);

}  // namespace lowbit::kernels

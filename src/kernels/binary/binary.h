// y = f(a, b) of arrays that broadcast, f one of qmath/binary.inc, by the formulas of
// qmath/binary_functions.h; and y = c ? a : b. Floats go in blocks of which the compiler makes
// SIMD, so there is one tier; integers go one by one, as shapes and indices are short.
#pragma once

#include <array>
#include <cstdint>

#include "qmath/binary.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace lowbit::kernels {

// Element strides of an operand along `dims`, outermost first; 0 repeats it.
using Strides = std::array<int64_t, kMaxRank>;

// The output is dense, [dims]. `type` is that of the operands: of any of them but float32, the
// output's is the same, or bool where f is a comparison (qmath/binary.h).
struct Binary {
  const void* a = nullptr;
  const void* b = nullptr;
  void* output = nullptr;
  Shape dims;
  Strides a_strides{};
  Strides b_strides{};
  BinaryFunction function = BinaryFunction::kAdd;
  DType type = DType::kF32;
};

void binary(const Binary& args);

// output[i] = condition[i] ? a[i] : b[i], elements of `element_bytes` (1, 4 or 8).
struct Select {
  const bool* condition = nullptr;
  const void* a = nullptr;
  const void* b = nullptr;
  void* output = nullptr;
  Shape dims;
  Strides condition_strides{};
  Strides a_strides{};
  Strides b_strides{};
  size_t element_bytes = 4;
};

void select(const Select& args);

}  // namespace lowbit::kernels

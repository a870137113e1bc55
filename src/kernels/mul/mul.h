// y = a * b of quantized uint8 arrays that broadcast, by the formula of qmath/mul.h. One tier,
// in SIMD128.
#pragma once

#include "kernels/binary/binary.h"
#include "qmath/mul.h"

namespace lowbit::kernels {

// The output is dense, [dims], and may be an operand that has as many elements.
struct MulU8 {
  const uint8_t* a = nullptr;
  const uint8_t* b = nullptr;
  uint8_t* output = nullptr;
  Shape dims;
  Strides a_strides{};
  Strides b_strides{};
  MulParams params;
};

void mul_u8(const MulU8& args);

}  // namespace lowbit::kernels

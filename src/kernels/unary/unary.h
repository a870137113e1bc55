// y = f(x), f one of qmath/unary.inc, by the formulas of qmath/unary_functions.h. The compiler
// makes SIMD of them, which changes no bit, so there is one tier.
#pragma once

#include <cstdint>

#include "qmath/unary.h"

namespace lowbit::kernels {

// output may be input.
struct UnaryF32 {
  const float* input = nullptr;
  float* output = nullptr;
  int64_t count = 0;
  UnaryFunction function = UnaryFunction::kSigmoid;
  UnaryParameters parameters;
};

void unary_f32(const UnaryF32& args);

}  // namespace lowbit::kernels

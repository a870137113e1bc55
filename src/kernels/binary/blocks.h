// Functions of two values on blocks of floats: the loops of kernels/binary/binary.h that are worth
// their speed.
#pragma once

#include <cstdint>

#include "qmath/binary.h"

namespace lowbit::kernels {

inline constexpr int64_t kBlock = 64;

// output[i] = f(a[i], b[i]) for i < count; a and b have kBlock elements, the output is of float or,
// of a comparison, of bool.
using BlockFunction = void (*)(const float* a, const float* b, void* output, int64_t count);

BlockFunction binary_block(BinaryFunction function);

}  // namespace lowbit::kernels

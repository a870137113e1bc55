// NumPy's .npy files (NEP 1: format versions 1.0 and 2.0), one tensor each, in C order and
// little-endian.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "tensor/tensor.h"

namespace lowbit {

// Element types <f4, |u1, |i1, <i4, <i8 keep their type; <f8 is rounded to float32.
// Errors: kInvalidData (`where`: "byte 123"); kUnsupportedFeature (version, Fortran order,
// big-endian or another element type); kLimitExceeded (rank, elements); kOutOfMemory.
Result<Tensor> read_npy(std::span<const std::byte> bytes);

// Version 1.0, the data aligned to 64 bytes as NumPy does.
std::vector<std::byte> write_npy(const Tensor& tensor);

}  // namespace lowbit

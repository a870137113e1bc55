// IDX, the format of MNIST and Fashion-MNIST (Y. LeCun, "The MNIST database of handwritten
// digits"): two zero bytes, the element type, the rank, big-endian uint32 dimensions, then the
// elements in row-major order.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "tensor/tensor.h"

namespace lowbit {

// Unsigned bytes (type 0x08) of rank 1 to 4, uncompressed, as a uint8 tensor of the file's shape.
// Errors: kInvalidData (`where`: "byte 123"); kUnsupportedFeature (another element type or rank);
// kLimitExceeded; kOutOfMemory.
Result<Tensor> read_idx(std::span<const std::byte> bytes);

}  // namespace lowbit

// A file of one array, whichever of the formats it is in.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "tensor/tensor.h"

namespace lowbit {

// A .npy or an IDX file, told apart by how they begin. Errors: kInvalidData for anything else, and
// as read_npy() and read_idx().
Result<Tensor> read_array(std::span<const std::byte> bytes);

}  // namespace lowbit

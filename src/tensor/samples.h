// Samples lie along the first dimension of every tensor: one tensor for each input of a model.
#pragma once

#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace lowbit {

// How many are run at once, unless a caller says otherwise.
inline constexpr int64_t kDefaultBatch = 32;

// The common number of samples of all tensors. Errors: kShapeMismatch.
Result<int64_t> count_samples(std::span<const Tensor> tensors);

// The same for a pass over samples to learn from, `batch` at once. Errors: kShapeMismatch;
// kEmptyCalibration without a sample; kInvalidArgument for a batch below 1.
Result<int64_t> count_calibration_samples(std::span<const Tensor> tensors, int64_t batch);

// The samples [first, first + count) of every tensor, as new tensors. Errors: kShapeMismatch,
// kInvalidArgument, kOutOfMemory.
Result<std::vector<Tensor>> slice_samples(std::span<const Tensor> tensors, int64_t first,
                                          int64_t count);

}  // namespace lowbit

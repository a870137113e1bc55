#include "tensor/samples.h"

#include <cstring>

namespace lowbit {

Result<int64_t> count_samples(std::span<const Tensor> tensors) {
  if (tensors.empty()) return make_error(ErrorCode::kShapeMismatch, "no input was given", "inputs");
  for (const Tensor& tensor : tensors) {
    if (tensor.shape().rank() == 0 || tensor.shape()[0] != tensors[0].shape()[0]) {
      return make_error(
          ErrorCode::kShapeMismatch,
          "every input must have the same number of samples along its first dimension", "inputs");
    }
  }
  return tensors[0].shape()[0];
}

Result<int64_t> count_calibration_samples(std::span<const Tensor> tensors, int64_t batch) {
  if (batch < 1) {
    return make_error(ErrorCode::kInvalidArgument, "a batch needs at least 1 sample", "batch");
  }
  LOWBIT_ASSIGN(const int64_t samples, count_samples(tensors));
  if (samples == 0) {
    return make_error(ErrorCode::kEmptyCalibration, "there is no sample to learn from", "samples");
  }
  return samples;
}

Result<std::vector<Tensor>> slice_samples(std::span<const Tensor> tensors, int64_t first,
                                          int64_t count) {
  LOWBIT_ASSIGN(const int64_t samples, count_samples(tensors));
  if (first < 0 || count < 0 || first > samples - count) {
    return make_error(ErrorCode::kInvalidArgument, "the slice lies outside the samples", "inputs");
  }
  std::vector<Tensor> slices;
  for (const Tensor& tensor : tensors) {
    Shape shape = tensor.shape();
    shape[0] = count;
    LOWBIT_ASSIGN(Tensor slice, Tensor::allocate(tensor.dtype(), shape));
    if (slice.byte_count() > 0) {
      const size_t sample_bytes = tensor.byte_count() / static_cast<size_t>(samples);
      std::memcpy(slice.mutable_raw(), tensor.raw() + static_cast<size_t>(first) * sample_bytes,
                  slice.byte_count());
    }
    slices.push_back(std::move(slice));
  }
  return slices;
}

}  // namespace lowbit

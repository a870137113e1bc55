#include "tensor/tensor.h"

#include <cstdlib>
#include <cstring>
#include <limits>

namespace lowbit {

Result<std::shared_ptr<Buffer>> Buffer::allocate(size_t byte_count) {
  const size_t rounded = (byte_count + kSlackBytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = rounded > byte_count ? std::aligned_alloc(kAlignment, rounded) : nullptr;
  if (data == nullptr) {
    return make_error(ErrorCode::kOutOfMemory,
                      "could not allocate " + std::to_string(byte_count) + " bytes");
  }
  std::memset(data, 0, rounded);
  return std::shared_ptr<Buffer>(new Buffer(static_cast<std::byte*>(data), byte_count));
}

Buffer::~Buffer() { std::free(data_); }

Result<Tensor> Tensor::allocate(DType dtype, const Shape& shape) {
  const auto count = shape.element_count();
  if (!count) {
    return make_error(ErrorCode::kLimitExceeded,
                      "a tensor of shape " + shape.to_string() +
                          " cannot be made: it needs known dimensions and at most 2^30 elements");
  }
  if (static_cast<uint64_t>(*count) > std::numeric_limits<size_t>::max() / dtype_bytes(dtype)) {
    return make_error(ErrorCode::kOutOfMemory, "a tensor of shape " + shape.to_string() +
                                                   " is larger than the address space");
  }
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = shape;
  tensor.count_ = *count;
  LOWBIT_ASSIGN(tensor.buffer_, Buffer::allocate(static_cast<size_t>(*count) * dtype_bytes(dtype)));
  return tensor;
}

Result<Tensor> Tensor::clone() const {
  LOWBIT_ASSIGN(Tensor copy, allocate(dtype_, shape_));
  if (byte_count() > 0) std::memcpy(copy.mutable_raw(), raw(), byte_count());
  return copy;
}

Result<Tensor> Tensor::reshaped(const Shape& shape) const {
  if (shape.element_count() != count_) {
    return make_error(ErrorCode::kShapeMismatch,
                      "shape " + shape_.to_string() + " cannot become " + shape.to_string());
  }
  Tensor view = *this;
  view.shape_ = shape;
  return view;
}

}  // namespace lowbit

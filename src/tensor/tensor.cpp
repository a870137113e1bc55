#include "tensor/tensor.h"

#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace lowbit {

Result<std::shared_ptr<Buffer>> Buffer::allocate(size_t byte_count) {
  const size_t rounded = (byte_count + kSlackBytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = rounded > byte_count ? std::aligned_alloc(kAlignment, rounded) : nullptr;
  if (data == nullptr) {
    return make_error(ErrorCode::kOutOfMemory,
                      format_text("could not allocate {} bytes", byte_count));
  }
  std::memset(data, 0, rounded);
  return std::shared_ptr<Buffer>(new Buffer(static_cast<std::byte*>(data), byte_count));
}

Buffer::~Buffer() { std::free(data_); }

Result<Tensor> Tensor::allocate(DType dtype, const Shape& shape) {
  const auto count = shape.element_count();
  if (!count) {
    return make_error(ErrorCode::kLimitExceeded,
                      format_text("a tensor of shape {} cannot be made: it needs known dimensions "
                                  "and at most 2^30 elements",
                                  shape.to_string()));
  }
  if (static_cast<uint64_t>(*count) > std::numeric_limits<size_t>::max() / dtype_bytes(dtype)) {
    return make_error(
        ErrorCode::kOutOfMemory,
        format_text("a tensor of shape {} is larger than the address space", shape.to_string()));
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
    return make_error(
        ErrorCode::kShapeMismatch,
        format_text("shape {} cannot become {}", shape_.to_string(), shape.to_string()));
  }
  Tensor view = *this;
  view.shape_ = shape;
  return view;
}

}  // namespace lowbit

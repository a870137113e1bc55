// A dense tensor: element type, shape, and a 64-byte aligned buffer in row-major order, allocated
// fallibly. Copies share the buffer. Write through mutable_data() only while nobody else holds a
// copy; clone() for a private one.
#pragma once

#include <cassert>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/text.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace lowbit {

// Aligned bytes whose allocation may fail and says so. Zero-filled, with kSlackBytes readable past
// the end, because SIMD kernels may load (never store) a whole vector at the last element.
class Buffer {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kSlackBytes = 64;

  static Result<std::shared_ptr<Buffer>> allocate(size_t byte_count);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t byte_count() const { return byte_count_; }

 private:
  Buffer(std::byte* data, size_t byte_count) : data_(data), byte_count_(byte_count) {}

  std::byte* data_;
  size_t byte_count_;
};

class Tensor {
 public:
  // An empty float32 tensor of shape [0].
  Tensor() : shape_{0} {}

  // Zero-filled. Errors: kLimitExceeded (symbolic or too many elements), kOutOfMemory.
  static Result<Tensor> allocate(DType dtype, const Shape& shape);

  // A copy of `values`, whose count must be the shape's. Errors: as allocate, and kShapeMismatch.
  template <class T>
  static Result<Tensor> from_values(const Shape& shape, std::span<const T> values);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t element_count() const { return count_; }
  size_t byte_count() const { return static_cast<size_t>(count_) * dtype_bytes(dtype_); }

  // T must be the C++ type of dtype().
  template <class T>
  std::span<const T> data() const {
    assert(dtype_of<T> == dtype_);
    return {reinterpret_cast<const T*>(raw()), static_cast<size_t>(count_)};
  }
  template <class T>
  std::span<T> mutable_data() {
    assert(dtype_of<T> == dtype_);
    return {reinterpret_cast<T*>(mutable_raw()), static_cast<size_t>(count_)};
  }
  const std::byte* raw() const { return buffer_ ? buffer_->data() : nullptr; }
  std::byte* mutable_raw() { return buffer_ ? buffer_->data() : nullptr; }

  Result<Tensor> clone() const;
  // The same bytes under another shape of equally many elements. Errors: kShapeMismatch.
  Result<Tensor> reshaped(const Shape& shape) const;

 private:
  DType dtype_ = DType::kF32;
  Shape shape_;
  int64_t count_ = 0;
  std::shared_ptr<Buffer> buffer_;
};

template <class T>
Result<Tensor> Tensor::from_values(const Shape& shape, std::span<const T> values) {
  LOWBIT_ASSIGN(Tensor tensor, allocate(dtype_of<T>, shape));
  if (values.size() != static_cast<size_t>(tensor.element_count())) {
    return make_error(ErrorCode::kShapeMismatch, format_text("{} values were given for shape {}",
                                                             values.size(), shape.to_string()));
  }
  std::span<T> target = tensor.mutable_data<T>();
  for (size_t i = 0; i < values.size(); ++i) target[i] = values[i];
  return tensor;
}

}  // namespace lowbit

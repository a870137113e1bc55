#include "tensor/tensor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace lowbit {
namespace {

Tensor counting(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(*shape.element_count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::from_values<float>(shape, values).value();
}

}  // namespace

TEST_CASE("Tensor: is allocated aligned, zero-filled, with readable zero slack behind it") {
  const auto tensor = Tensor::allocate(DType::kU8, Shape{3, 5});
  REQUIRE(tensor.ok());
  CHECK(reinterpret_cast<uintptr_t>(tensor->raw()) % Buffer::kAlignment == 0);
  CHECK(tensor->byte_count() == 15);
  const std::byte* bytes = tensor->raw();
  CHECK(std::all_of(bytes, bytes + 15 + Buffer::kSlackBytes,
                    [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST_CASE("Tensor: an empty one has a shape and no elements") {
  CHECK(Tensor().element_count() == 0);
  CHECK(Tensor().data<float>().empty());
  const auto tensor = Tensor::allocate(DType::kI64, Shape{4, 0, 2});
  REQUIRE(tensor.ok());
  CHECK(tensor->byte_count() == 0);
  CHECK(tensor->clone().ok());
}

TEST_CASE("Tensor: says what it cannot allocate") {
  const auto symbolic = Tensor::allocate(DType::kF32, Shape{-1, 3});
  REQUIRE_FALSE(symbolic.ok());
  CHECK(symbolic.error().code == ErrorCode::kLimitExceeded);
  CHECK_FALSE(Tensor::allocate(DType::kF32, Shape{1 << 16, 1 << 16}).ok());
  const auto overflowing = Buffer::allocate(std::numeric_limits<size_t>::max() - 10);
  REQUIRE_FALSE(overflowing.ok());
  CHECK(overflowing.error().code == ErrorCode::kOutOfMemory);
  if constexpr (sizeof(size_t) == 4) {
    // 2^32 bytes, which a size_t would take for 0.
    const auto whole_address_space = Tensor::allocate(DType::kF32, Shape{1 << 15, 1 << 15});
    REQUIRE_FALSE(whole_address_space.ok());
    CHECK(whole_address_space.error().code == ErrorCode::kOutOfMemory);
  }
}

TEST_CASE("Tensor: from_values copies, and wants as many values as the shape has") {
  std::vector<int8_t> values = {1, -2, 3, -4};
  const auto tensor = Tensor::from_values<int8_t>(Shape{2, 2}, values);
  REQUIRE(tensor.ok());
  values[0] = 99;
  CHECK(tensor->dtype() == DType::kI8);
  CHECK(std::ranges::equal(tensor->data<int8_t>(), std::vector<int8_t>{1, -2, 3, -4}));
  const auto refused = Tensor::from_values<int8_t>(Shape{5}, values);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kShapeMismatch);
}

TEST_CASE("Tensor: copies share the buffer, clones do not") {
  Tensor original = counting(Shape{4});
  const Tensor copy = original;
  auto clone = original.clone();
  REQUIRE(clone.ok());
  original.mutable_data<float>()[0] = 42;
  CHECK(copy.data<float>()[0] == 42);
  CHECK(clone->data<float>()[0] == 0);
  CHECK(clone->shape() == original.shape());
}

TEST_CASE("Tensor: reshaped shows the same bytes, and only for equally many elements") {
  const Tensor tensor = counting(Shape{2, 6});
  const auto view = tensor.reshaped(Shape{3, 4});
  REQUIRE(view.ok());
  CHECK(view->raw() == tensor.raw());
  CHECK(view->shape() == Shape{3, 4});
  for (const Shape& shape : {Shape{13}, Shape{-1, 12}, Shape{}}) {
    const auto refused = tensor.reshaped(shape);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kShapeMismatch);
  }
}

TEST_CASE("Tensor: a copy keeps the values alive after the original is gone") {
  Tensor copy;
  {
    const Tensor original = counting(Shape{3});
    copy = original;
  }
  CHECK(copy.data<float>()[2] == 2);
}

}  // namespace lowbit

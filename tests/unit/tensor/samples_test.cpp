#include "tensor/samples.h"

#include <array>
#include <numeric>

#include "doctest/doctest.h"
#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Tensor counted(const Shape& shape) {
  Tensor tensor = must(Tensor::allocate(DType::kF32, shape));
  const auto values = tensor.mutable_data<float>();
  std::iota(values.begin(), values.end(), 0.0f);
  return tensor;
}

}  // namespace

TEST_CASE("a slice holds the samples asked for, of every tensor") {
  const std::array inputs = {counted({5, 2}), counted({5, 1, 3})};
  CHECK(must(count_samples(inputs)) == 5);
  const std::vector<Tensor> slices = must(slice_samples(inputs, 1, 3));
  REQUIRE(slices.size() == 2);
  CHECK(slices[0].shape() == Shape{3, 2});
  CHECK(slices[1].shape() == Shape{3, 1, 3});
  CHECK(slices[0].data<float>()[0] == 2.0f);
  CHECK(slices[1].data<float>()[8] == 11.0f);
  CHECK(must(slice_samples(inputs, 5, 0))[0].element_count() == 0);
}

TEST_CASE("samples that do not agree, and slices outside them, are errors") {
  const std::array uneven = {counted({5, 2}), counted({4, 2})};
  check_error(count_samples(uneven), ErrorCode::kShapeMismatch, "inputs");
  check_error(count_samples({}), ErrorCode::kShapeMismatch, "inputs");
  check_error(count_samples(std::array{counted({})}), ErrorCode::kShapeMismatch, "inputs");
  const std::array inputs = {counted({5, 2})};
  check_error(slice_samples(inputs, 3, 3), ErrorCode::kInvalidArgument, "slice");
  check_error(slice_samples(inputs, -1, 1), ErrorCode::kInvalidArgument, "slice");
}

TEST_CASE("a pass to learn from needs a sample, and batches of at least one") {
  const std::array inputs = {counted({5, 2})};
  CHECK(must(count_calibration_samples(inputs, 32)) == 5);
  check_error(count_calibration_samples(inputs, 0), ErrorCode::kInvalidArgument, "batch");
  check_error(count_calibration_samples(std::array{counted({0, 2})}, 32),
              ErrorCode::kEmptyCalibration, "samples");
  check_error(count_calibration_samples({}, 32), ErrorCode::kShapeMismatch, "inputs");
}

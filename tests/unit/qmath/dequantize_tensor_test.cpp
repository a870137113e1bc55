#include "qmath/dequantize_tensor.h"

#include <doctest/doctest.h>

#include <vector>

#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("reals of integers, with a pair of parameters per index of an axis") {
  const std::vector<int8_t> integers{-128, 127, 0, 4};
  const Tensor tensor =
      must(Tensor::from_values<int8_t>(Shape{2, 2}, std::span<const int8_t>(integers)));
  const QuantParams params{DType::kI8, -128, 127, 0, {0.5f, 2.0f}, {-128, 1}};
  const Tensor reals = must(dequantize_tensor(tensor, params));
  const auto values = reals.data<float>();
  CHECK(std::vector<float>(values.begin(), values.end()) == std::vector<float>{0, 127.5f, -2, 6});
}

TEST_CASE("the difference to a zero point may leave int32") {
  const int32_t lowest = std::numeric_limits<int32_t>::min();
  const Tensor tensor =
      must(Tensor::from_values<int32_t>(Shape{}, std::span<const int32_t>(&lowest, 1)));
  const QuantParams params{DType::kI32, lowest, std::numeric_limits<int32_t>::max(), -1, {1}, {1}};
  CHECK(must(dequantize_tensor(tensor, params)).data<float>()[0] == -0x1p31f);
}

#include "quantize/weights.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "doctest/doctest.h"

using namespace lowbit;

namespace {

Tensor tensor(const Shape& shape, const std::vector<float>& values) {
  auto result = Tensor::from_values<float>(shape, values);
  REQUIRE(result.ok());
  return *result;
}

std::vector<int> integers(const Tensor& values) {
  std::vector<int> result;
  if (values.dtype() == DType::kI8) {
    for (const int8_t q : values.data<int8_t>()) result.push_back(q);
  } else {
    for (const int32_t q : values.data<int32_t>()) result.push_back(q);
  }
  return result;
}

WeightRecipe per_tensor() {
  WeightRecipe recipe;
  recipe.granularity = Granularity::kPerTensor;
  return recipe;
}

}  // namespace

TEST_CASE("per-channel weights fill the whole range of every channel") {
  const Tensor w = tensor({2, 3}, {1.27f, -0.635f, 0.005f, 0.0f, 12.7f, -0.1f});
  const auto q = quantize_weights(w, 0, nullptr, 0.5f, WeightRecipe{});
  REQUIRE(q.ok());
  CHECK(integers(q->weights.values) == std::vector<int>{127, -64, 0, 0, 127, -1});
  CHECK(q->weights.params.axis == 0);
  CHECK(q->weights.params.scale[0] == doctest::Approx(0.01f));
  CHECK(q->weights.params.scale[1] == doctest::Approx(0.1f));
  CHECK_FALSE(q->bias.has_value());
}

TEST_CASE("channels may lie along the second axis") {
  const Tensor w = tensor({3, 2}, {1.27f, 0.0f, -0.635f, 12.7f, 0.005f, -0.1f});
  const auto q = quantize_weights(w, 1, nullptr, 0.5f, WeightRecipe{});
  REQUIRE(q.ok());
  CHECK(integers(q->weights.values) == std::vector<int>{127, 0, -64, 127, 0, -1});
}

TEST_CASE("per-tensor weights share the largest channel's scale") {
  const Tensor w = tensor({2, 2}, {1.27f, 0.06f, 12.7f, -12.7f});
  const auto q = quantize_weights(w, 0, nullptr, 0.5f, per_tensor());
  REQUIRE(q.ok());
  CHECK(q->weights.params.per_tensor());
  CHECK(q->weights.params.scale.size() == 1);
  CHECK(integers(q->weights.values) == std::vector<int>{13, 1, 127, -127});
}

TEST_CASE("the bias has the scale of the accumulator and rounds to the nearest") {
  const Tensor w = tensor({2, 1}, {127.0f, 254.0f});
  const Tensor bias = tensor({2}, {10.26f, -3.0f});
  const auto q = quantize_weights(w, 0, &bias, 0.5f, WeightRecipe{});
  REQUIRE(q.ok());
  CHECK(q->bias->params.scale == std::vector<float>{0.5f, 1.0f});
  CHECK(integers(q->bias->values) == std::vector<int>{21, -3});
}

TEST_CASE("a channel of zeros has scale 1 and a bias of its own") {
  const Tensor w = tensor({2, 2}, {0.0f, 0.0f, 1.0f, 1.0f});
  const Tensor bias = tensor({2}, {3.0f, 0.0f});
  const auto q = quantize_weights(w, 0, &bias, 0.25f, WeightRecipe{});
  REQUIRE(q.ok());
  CHECK(q->weights.params.scale[0] == 1.0f);
  CHECK(integers(q->bias->values) == std::vector<int>{12, 0});
}

// Without a wider scale the bias would need 3.9e14 steps and be clamped to a wrong number.
TEST_CASE("weights too small for their bias get a scale in which the bias fits") {
  for (const WeightRecipe& recipe : {WeightRecipe{}, per_tensor()}) {
    const Tensor w = tensor({1, 1}, {1e-12f});
    const Tensor bias = tensor({1}, {3.0f});
    const auto q = quantize_weights(w, 0, &bias, 1.0f, recipe);
    REQUIRE(q.ok());
    const float step = q->bias->params.scale[0];
    CHECK(static_cast<double>(step) * integers(q->bias->values)[0] ==
          doctest::Approx(3.0).epsilon(1e-6));
    CHECK(std::abs(integers(q->bias->values)[0]) < (1 << 30));
  }
}

TEST_CASE("the scale of the accumulator is always a normal float32") {
  const Tensor w = tensor({1, 1}, {1e-30f});
  const auto q = quantize_weights(w, 0, nullptr, 1e-30f, WeightRecipe{});
  REQUIRE(q.ok());
  CHECK(q->weights.params.scale[0] * 1e-30f >= std::numeric_limits<float>::min());
}

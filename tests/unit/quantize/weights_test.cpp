#include "quantize/weights.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "doctest/doctest.h"
#include "quantize/clipping.h"
#include "support/integer_weights.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

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

constexpr WeightFormat kPerTensor{.granularity = Granularity::kPerTensor};

// A Gemm whose weights have their output channels along `axis`.
Node gemm(int axis) {
  return {.op = Op::kGemm, .attributes = GemmAttributes{.transpose_b = axis == 0}};
}

}  // namespace

TEST_CASE("per-channel weights fill the whole range of every channel") {
  const Tensor w = tensor({2, 3}, {1.27f, -0.635f, 0.005f, 0.0f, 12.7f, -0.1f});
  const auto q = round_weights(gemm(0), w, nullptr, 0.5f, {});
  REQUIRE(q.ok());
  CHECK(integers(q->weights.values) == std::vector<int>{127, -64, 0, 0, 127, -1});
  CHECK(q->weights.params.axis == 0);
  CHECK(q->weights.params.scale[0] == doctest::Approx(0.01f));
  CHECK(q->weights.params.scale[1] == doctest::Approx(0.1f));
  CHECK_FALSE(q->bias.has_value());
}

TEST_CASE("channels may lie along the second axis") {
  const Tensor w = tensor({3, 2}, {1.27f, 0.0f, -0.635f, 12.7f, 0.005f, -0.1f});
  const auto q = round_weights(gemm(1), w, nullptr, 0.5f, {});
  REQUIRE(q.ok());
  CHECK(integers(q->weights.values) == std::vector<int>{127, 0, -64, 127, 0, -1});
}

TEST_CASE("per-tensor weights share the largest channel's scale") {
  const Tensor w = tensor({2, 2}, {1.27f, 0.06f, 12.7f, -12.7f});
  const auto q = round_weights(gemm(0), w, nullptr, 0.5f, kPerTensor);
  REQUIRE(q.ok());
  CHECK(q->weights.params.per_tensor());
  CHECK(q->weights.params.scale.size() == 1);
  CHECK(integers(q->weights.values) == std::vector<int>{13, 1, 127, -127});
}

TEST_CASE("the bias has the scale of the accumulator and rounds to the nearest") {
  const Tensor w = tensor({2, 1}, {127.0f, 254.0f});
  const Tensor bias = tensor({2}, {10.26f, -3.0f});
  const auto q = round_weights(gemm(0), w, &bias, 0.5f, {});
  REQUIRE(q.ok());
  CHECK(q->bias->params.scale == std::vector<float>{0.5f, 1.0f});
  CHECK(integers(q->bias->values) == std::vector<int>{21, -3});
}

TEST_CASE("a channel of zeros has scale 1 and a bias of its own") {
  const Tensor w = tensor({2, 2}, {0.0f, 0.0f, 1.0f, 1.0f});
  const Tensor bias = tensor({2}, {3.0f, 0.0f});
  const auto q = round_weights(gemm(0), w, &bias, 0.25f, {});
  REQUIRE(q.ok());
  CHECK(q->weights.params.scale[0] == 1.0f);
  CHECK(integers(q->bias->values) == std::vector<int>{12, 0});
}

// Without a wider scale the bias would need 3.9e14 steps and be clamped to a wrong number.
TEST_CASE("weights too small for their bias get a scale in which the bias fits") {
  for (const WeightFormat& format : {WeightFormat{}, kPerTensor}) {
    const Tensor w = tensor({1, 1}, {1e-12f});
    const Tensor bias = tensor({1}, {3.0f});
    const auto q = round_weights(gemm(0), w, &bias, 1.0f, format);
    REQUIRE(q.ok());
    const float step = q->bias->params.scale[0];
    CHECK(static_cast<double>(step) * integers(q->bias->values)[0] ==
          doctest::Approx(3.0).epsilon(1e-6));
    CHECK(std::abs(integers(q->bias->values)[0]) < (1 << 30));
  }
}

TEST_CASE("the scale of the accumulator is always a normal float32") {
  const Tensor w = tensor({1, 1}, {1e-30f});
  const auto q = round_weights(gemm(0), w, nullptr, 1e-30f, {});
  REQUIRE(q.ok());
  CHECK(q->weights.params.scale[0] * 1e-30f >= std::numeric_limits<float>::min());
}

TEST_CASE("clipping takes the scale of least error of whatever shares it, zeros aside") {
  Random random(1);
  Tensor w = test::must(Tensor::allocate(DType::kF32, {3, 40}));
  const auto data = w.mutable_data<float>();
  for (size_t i = 0; i < 80; ++i) data[i] = random.uniform(-1, 1);
  data[3] = 2;  // which 3 bits do better to clip
  for (const int64_t group_size : {0, 20}) {
    const auto q = round_weights(gemm(0), w, nullptr, 1,
                                 {.bits = 3, .group_size = group_size, .clipping = Clipping::kMse});
    REQUIRE(q.ok());
    const std::vector<float>& scales = q->weights.params.scale;
    const size_t length = 120 / scales.size();
    for (size_t i = 0; i < scales.size(); ++i) {
      const std::span<const float> shared(data.data() + i * length, length);
      CHECK(scales[i] == must(finish(mse_optimal_scale(shared, 3))));
    }
    CHECK(scales[0] < 2.0f / 3);
  }
}

TEST_CASE("groups along the reduction have scales of their own, the last one may be short") {
  const Tensor w = tensor({2, 3}, {1.27f, -0.635f, 12.7f, 0.0f, 0.0f, -0.127f});
  const auto q = round_weights(gemm(0), w, nullptr, 0.5f, {.group_size = 2});
  REQUIRE(q.ok());
  const QuantParams& params = q->weights.params;
  CHECK(params.axis == 1);
  CHECK(params.block_size == 2);
  CHECK(params.zero_point == std::vector<int32_t>(4, 0));
  const std::vector<float> scales = {0.01f, 0.1f, 0.001f, 0.001f};
  for (size_t i = 0; i < 4; ++i) CHECK(params.scale[i] == doctest::Approx(scales[i]));
  CHECK(integers(q->weights.values) == std::vector<int>{127, -64, 127, 0, 0, -127});
}

TEST_CASE("groups of a Gemm that is not transposed lie along its first axis") {
  const Tensor w = tensor({3, 2}, {1.27f, 0.0f, -0.635f, 0.0f, 12.7f, -0.127f});
  const auto q = round_weights(gemm(1), w, nullptr, 0.5f, {.group_size = 2});
  REQUIRE(q.ok());
  CHECK(q->weights.params.axis == 0);
  const std::vector<float> scales = {0.01f, 0.001f, 0.1f, 0.001f};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(q->weights.params.scale[i] == doctest::Approx(scales[i]));
  }
  CHECK(integers(q->weights.values) == std::vector<int>{127, 0, -64, 0, 127, -127});
}

TEST_CASE("groups of a Conv lie within a tap") {
  const Node conv{.op = Op::kConv, .attributes = ConvAttributes{}};
  // [1, 4, 1, 2]: the first tap holds 1, 2, 4, 8, the second 16, 32, 64, 127.
  const Tensor w = tensor({1, 4, 1, 2}, {1, 16, 2, 32, 4, 64, 8, 127});
  const auto q = round_weights(conv, w, nullptr, 1.0f, {.group_size = 2});
  REQUIRE(q.ok());
  CHECK(q->weights.params.axis == 1);
  const std::vector<float> maxima = {2, 32, 8, 127};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(q->weights.params.scale[i] == doctest::Approx(maxima[i] / 127));
  }
}

TEST_CASE("a bias counts in the scale of its channel's largest group") {
  const Tensor w = tensor({2, 4}, {127.0f, 1.0f, 254.0f, 1.0f, 12.7f, 0.0f, 0.0f, 0.0f});
  const Tensor bias = tensor({2}, {10.0f, -3.0f});
  const auto q = round_weights(gemm(0), w, &bias, 0.5f, {.group_size = 2});
  REQUIRE(q.ok());
  CHECK(q->bias->params.scale[0] == 1.0f);
  // That of the first group: the second, all zeros, has it too.
  CHECK(q->bias->params.scale[1] == doctest::Approx(0.05f));
  CHECK(q->weights.params.scale[3] == q->weights.params.scale[2]);
  CHECK(integers(q->bias->values) == std::vector<int>{10, -60});
}

TEST_CASE("every group's scale is raised where the channel's bias would not fit") {
  const Tensor w = tensor({1, 4}, {1e-12f, 0, 1e-13f, 1});
  const Tensor bias = tensor({1}, {3.0f});
  const auto q = round_weights(gemm(0), w, &bias, 1.0f, {.group_size = 2});
  REQUIRE(q.ok());
  CHECK(q->weights.params.scale[0] > 2e-9f);
  CHECK(q->weights.params.scale[1] == doctest::Approx(1.0f / 127));
}

TEST_CASE("layers that take no groups have a scale per channel") {
  CHECK(takes_groups(gemm(0), {8, 33}, 32));
  CHECK_FALSE(takes_groups(gemm(0), {8, 32}, 32));  // one group is the channel
  CHECK(takes_groups(gemm(1), {33, 8}, 32));
  CHECK(takes_groups({.op = Op::kMatMul}, {100, 8}, 64));
  const Node conv{.op = Op::kConv, .attributes = ConvAttributes{}};
  CHECK(takes_groups(conv, {8, 64, 3, 3}, 32));
  CHECK_FALSE(takes_groups(conv, {8, 48, 3, 3}, 32));
  CHECK_FALSE(takes_groups(conv, {8, 32, 1, 1}, 32));
  CHECK_FALSE(takes_groups(conv, {8, 1, 3, 3}, 1));
  CHECK_FALSE(takes_groups(gemm(0), {8, 100}, 0));

  const Tensor w = tensor({2, 2}, {1.27f, 0.0f, 12.7f, 0.0f});
  const auto q = round_weights(gemm(0), w, nullptr, 1.0f,
                               {.granularity = Granularity::kPerTensor, .group_size = 32});
  REQUIRE(q.ok());
  CHECK(q->weights.params.block_size == 0);
  CHECK(q->weights.params.axis == 0);
}

TEST_CASE(
    "clipped weights have less squared error, each group on its own, and a group of zeros none") {
  // A large weight among small ones; the second channel has none.
  const Tensor w = tensor({3, 6}, {1.0f, 0.2f, -0.2f, 0.1f, -0.1f, 0.2f,   //
                                   0.3f, -0.3f, 0.3f, -0.3f, 0.3f, -0.3f,  //
                                   0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f});
  const WeightFormat by_max{.bits = 3};
  WeightFormat by_error = by_max;
  by_error.clipping = Clipping::kMse;
  std::array<std::vector<double>, 2> errors;
  for (size_t i = 0; i < 2; ++i) {
    const auto q = round_weights(gemm(0), w, nullptr, 1.0f, i == 0 ? by_max : by_error);
    REQUIRE(q.ok());
    errors[i].assign(3, 0.0);
    for (size_t k = 0; k < 18; ++k) {
      const auto error = static_cast<double>(q->weights.params.scale[k / 6]) *
                             q->weights.values.data<int8_t>()[k] -
                         static_cast<double>(w.data<float>()[k]);
      errors[i][k / 6] += error * error;
    }
  }
  CHECK(errors[1][0] < 0.9 * errors[0][0]);
  CHECK(errors[1][1] == doctest::Approx(errors[0][1]).epsilon(1e-6));
  CHECK(errors[1][2] == 0);
}

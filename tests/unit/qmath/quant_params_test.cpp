#include "qmath/quant_params.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "qmath/quantize.h"

namespace lowbit {
namespace {

constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kMinNormal = std::numeric_limits<float>::min();

void check_lawful(const ScaleAndZeroPoint& p, int32_t qmin, int32_t qmax) {
  CHECK(std::isnormal(p.scale));
  CHECK(p.scale > 0);
  CHECK(p.zero_point >= qmin);
  CHECK(p.zero_point <= qmax);
}

}  // namespace

TEST_CASE("quant params: the law's widths") {
  CHECK(activation_qmax(8) == 255);
  CHECK(activation_qmax(2) == 3);
  CHECK(weight_qmax(8) == 127);
  CHECK(weight_qmax(4) == 7);
  CHECK(weight_qmax(2) == 1);
}

TEST_CASE("asymmetric_params: spans the range, with zero exactly on an integer") {
  const auto p = asymmetric_params(-1.0f, 3.0f, 0, 255);
  CHECK(p.scale == static_cast<float>(4.0 / 255));
  CHECK(p.zero_point == 64);  // 63.75
  CHECK(quantize(-1.0f, p.scale, p.zero_point, 0, 255) == 0);
  CHECK(quantize(3.0f, p.scale, p.zero_point, 0, 255) == 255);
}

TEST_CASE("asymmetric_params: a range on one side of zero is widened to contain it") {
  const auto positive = asymmetric_params(2.0f, 5.1f, 0, 255);
  CHECK(positive.zero_point == 0);
  CHECK(positive.scale == static_cast<float>(static_cast<double>(5.1f) / 255));
  const auto negative = asymmetric_params(-5.1f, -2.0f, 0, 255);
  CHECK(negative.zero_point == 255);
  CHECK(negative.scale == positive.scale);
}

TEST_CASE(
    "asymmetric_params: an all-zero range gives scale 1 and zero point 0, clamped into the range") {
  CHECK(asymmetric_params(0.0f, 0.0f, 0, 255).scale == 1.0f);
  CHECK(asymmetric_params(0.0f, 0.0f, 0, 255).zero_point == 0);
  CHECK(asymmetric_params(-0.0f, 0.0f, 0, 255).scale == 1.0f);
  CHECK(asymmetric_params(0.0f, 0.0f, 5, 9).zero_point == 5);
}

TEST_CASE("asymmetric_params: a constant keeps its value") {
  for (const float value : {7.0f, -0.25f}) {
    const auto p = asymmetric_params(value, value, 0, 255);
    const int32_t q = quantize(value, p.scale, p.zero_point, 0, 255);
    CHECK(dequantize(q, p.scale, p.zero_point) == doctest::Approx(value).epsilon(1e-6));
  }
}

TEST_CASE("asymmetric_params: extreme ranges give a normal scale and a zero point in range") {
  for (const int bits : {2, 4, 8}) {
    const int32_t qmax = activation_qmax(bits);
    check_lawful(asymmetric_params(-kMax, kMax, 0, qmax), 0, qmax);
    check_lawful(asymmetric_params(0.0f, kMax, 0, qmax), 0, qmax);
    check_lawful(asymmetric_params(-kMax, 0.0f, 0, qmax), 0, qmax);
    check_lawful(asymmetric_params(-kMinNormal, kMinNormal, 0, qmax), 0, qmax);
    check_lawful(asymmetric_params(0.0f, 0x1p-149f, 0, qmax), 0, qmax);
    check_lawful(asymmetric_params(-0x1p-149f, 0.0f, 0, qmax), 0, qmax);
    check_lawful(asymmetric_params(-0x1p-149f, kMax, 0, qmax), 0, qmax);
  }
  CHECK(asymmetric_params(-kMax, kMax, 0, 255).zero_point == 128);  // 127.5 to even
}

TEST_CASE(
    "asymmetric_params: inside the range the error is at most half a step, and rounding's last "
    "bit") {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const float low = random.uniform(-10.0f, 0.0f);
    const float high = random.uniform(0.001f, 10.0f);
    const int32_t qmax = activation_qmax(2 + static_cast<int>(random.below(7)));
    const auto p = asymmetric_params(low, high, 0, qmax);
    check_lawful(p, 0, qmax);
    const float x = random.uniform(low, high);
    const int32_t q = quantize(x, p.scale, p.zero_point, 0, qmax);
    // The zero point is rounded too: at an end of the range that costs another half step.
    const bool inside = q > 0 && q < qmax;
    const float bound = (inside ? 0.5f : 1.0f) * p.scale * 1.0001f;
    CHECK(std::fabs(dequantize(q, p.scale, p.zero_point) - x) <= bound);
  }
}

TEST_CASE("symmetric_params: zero point 0, the largest value on the largest integer") {
  const auto p = symmetric_params(2.54f, 127);
  CHECK(p.zero_point == 0);
  CHECK(p.scale == 2.54f / 127.0f);
  CHECK(quantize(2.54f, p.scale, 0, -127, 127) == 127);
  CHECK(quantize(-2.54f, p.scale, 0, -127, 127) == -127);
}

TEST_CASE("symmetric_params: degenerate and extreme channels") {
  CHECK(symmetric_params(0.0f, 127).scale == 1.0f);
  check_lawful(symmetric_params(0x1p-149f, 127), -127, 127);
  check_lawful(symmetric_params(kMinNormal, 127), -127, 127);
  check_lawful(symmetric_params(kMax, 1), -1, 1);
}

TEST_CASE("narrowed: the range keeps the integers within the bounds, if zero is one of them") {
  const QuantParams params{DType::kU8, 0, 255, -1, {0.5f}, {128}};
  const float infinity = std::numeric_limits<float>::infinity();
  const auto range = [&](float low, float high) {
    const auto narrow = narrowed(params, low, high);
    REQUIRE(narrow);
    CHECK(narrow->scale == params.scale);
    CHECK(narrow->zero_point == params.zero_point);
    return std::pair(narrow->qmin, narrow->qmax);
  };
  CHECK(range(-infinity, infinity) == std::pair(0, 255));
  CHECK(range(0, infinity) == std::pair(128, 255));
  CHECK(range(-1, 6) == std::pair(126, 140));
  CHECK(range(-0.2f, 0.3f) == std::pair(128, 129));
  CHECK_FALSE(narrowed(params, 2, 6));
  CHECK_FALSE(narrowed(params, -6, -2));
  CHECK_FALSE(narrowed(params, -0.1f, 0.1f));
}

}  // namespace lowbit

#include "qmath/exp_f32.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lowbit {

TEST_CASE("Both exponentials are within 2 ulp of the exact value, from 0 to the smallest normal") {
  double worst = 0;
  double worst_less_one = 0;
  for (uint32_t bits = 0; bits < std::bit_cast<uint32_t>(87.0f); bits += 1009) {
    const float x = -std::bit_cast<float>(bits);
    const auto error = [](float y, double exact) {
      const float magnitude = std::fabs(static_cast<float>(exact));
      const double ulp = double{std::nextafter(magnitude, 2.0f)} - double{magnitude};
      return std::fabs(double{y} - exact) / ulp;
    };
    worst = std::max(worst, error(exp_nonpositive_f32(x), std::exp(double{x})));
    worst_less_one =
        std::max(worst_less_one, error(expm1_nonpositive_f32(x), std::expm1(double{x})));
  }
  CHECK(worst <= 2);
  CHECK(worst_less_one <= 2);
}

TEST_CASE("e^x of any x is within 2 ulp, up to the greatest float32") {
  double worst = 0;
  for (uint32_t bits = 0; bits < std::bit_cast<uint32_t>(88.72f); bits += 1009) {
    const auto x = std::bit_cast<float>(bits);
    const double exact = std::exp(double{x});
    const double ulp =
        double{std::nextafter(static_cast<float>(exact), 0.0f)} - double{static_cast<float>(exact)};
    worst = std::max(worst, std::fabs((double{exp_f32(x)} - exact) / ulp));
    CHECK(exp_f32(-x) == exp_nonpositive_f32(-x));
  }
  CHECK(worst <= 2);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float x : {88.75f, 89.5f, 1e30f, kInfinity}) CHECK(exp_f32(x) == kInfinity);
  CHECK(exp_f32(-kInfinity) == 0.0f);
  CHECK(std::isnan(exp_f32(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("The ends: 1 and 0 at zero, 0 and -1 far below, NaN stays NaN") {
  static_assert(exp_nonpositive_f32(0.0f) == 1.0f);
  static_assert(exp_nonpositive_f32(-0.0f) == 1.0f);
  static_assert(expm1_nonpositive_f32(-0.0f) == 0.0f);
  CHECK(exp_nonpositive_f32(kLeastExponent) > 0.0f);
  for (const float x : {-87.1f, -1e30f, -std::numeric_limits<float>::infinity()}) {
    CHECK(exp_nonpositive_f32(x) == 0.0f);
    CHECK(expm1_nonpositive_f32(x) == -1.0f);
  }
  CHECK(std::isnan(exp_nonpositive_f32(std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::isnan(expm1_nonpositive_f32(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("The compiler and the machine compute the same bits") {
  constexpr float kPoints[] = {-1e-6f, -0.1f, -0.34657359f, -1.0f, -17.25f, -86.5f};
  constexpr float kAtCompileTime[] = {
      exp_nonpositive_f32(kPoints[0]), exp_nonpositive_f32(kPoints[1]),
      exp_nonpositive_f32(kPoints[2]), exp_nonpositive_f32(kPoints[3]),
      exp_nonpositive_f32(kPoints[4]), exp_nonpositive_f32(kPoints[5])};
  for (int i = 0; i < 6; ++i) {
    const volatile float x = kPoints[i];
    CHECK(exp_nonpositive_f32(x) == kAtCompileTime[i]);
  }
}

}  // namespace lowbit

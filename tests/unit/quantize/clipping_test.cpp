#include "quantize/clipping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "doctest/doctest.h"
#include "qmath/quant_params.h"
#include "qmath/quantize.h"
#include "support/buffers.h"
#include "support/must.h"

namespace lowbit::test {

namespace {

double error_of(const std::vector<float>& weights, float scale, int32_t qmax) {
  double sum = 0;
  for (const float w : weights) {
    const double error = double{w} - double{scale} * quantize(w, scale, 0, -qmax, qmax);
    sum += error * error;
  }
  return sum;
}

// The quantiles of the normal distribution at the middles of `count` equal parts.
std::vector<float> normal_quantiles(int count) {
  std::vector<float> quantiles;
  for (int i = 0; i < count; ++i) {
    double low = -10;
    double high = 10;
    for (int round = 0; round < 50; ++round) {
      const double middle = (low + high) / 2;
      const bool is_below = 0.5 * std::erfc(-middle / std::sqrt(2.0)) < (i + 0.5) / count;
      (is_below ? low : high) = middle;
    }
    quantiles.push_back(static_cast<float>(low));
  }
  return quantiles;
}

float optimal_scale(std::span<const float> weights, int32_t qmax) {
  return must(finish(mse_optimal_scale(weights, qmax)));
}

}  // namespace

TEST_CASE("an outlier is clipped where that makes the rest fine enough") {
  // With qmax = 1 and 100 weights of 1 beside one of 2: scale s gives 100 (1 - s)^2 + (2 - s)^2
  // while 1 rounds to 1, least at s = 102 / 101.
  std::vector<float> weights(101, 1.0f);
  weights[40] = -2.0f;
  CHECK(optimal_scale(weights, 1) == doctest::Approx(102.0 / 101).epsilon(1e-6));
}

TEST_CASE("weights that the integers hit exactly keep their scale") {
  const std::vector<float> weights = {-3.5f, 0.5f, 1.0f, 3.0f, 0.0f};
  CHECK(optimal_scale(weights, 7) == 0.5f);
}

TEST_CASE("normal weights get the published optimum (Max 1960, table II: 3, 7 and 15 outputs)") {
  const std::vector<float> weights = normal_quantiles(4000);
  CHECK(optimal_scale(weights, 1) == doctest::Approx(1.2240).epsilon(0.005));
  CHECK(optimal_scale(weights, 3) == doctest::Approx(0.6508).epsilon(0.005));
  CHECK(optimal_scale(weights, 7) == doctest::Approx(0.3534).epsilon(0.005));
}

TEST_CASE("the error is within 1 % of the least of a fine search") {
  Random random(1);
  for (const int bits : {2, 3, 4, 8}) {
    std::vector<float> weights = random_floats(random, 300, -1.0f, 1.0f);
    for (float& w : weights) w *= w * w;  // many small ones
    const int32_t qmax = weight_qmax(bits);
    const double found = error_of(weights, optimal_scale(weights, qmax), qmax);
    double least = found;
    for (int i = 1; i <= 4000; ++i) {
      const float scale = static_cast<float>(i) / 2000.0f / static_cast<float>(qmax);
      least = std::min(least, error_of(weights, scale, qmax));
    }
    CAPTURE(bits);
    CHECK(found <= 1.01 * least);
  }
}

TEST_CASE("it never loses more than the scale of the largest weight") {
  Random random(2);
  for (size_t count = 1; count <= 50; ++count) {
    const std::vector<float> weights = random_floats(random, count, -1.0f, 1.0f);
    float max_abs = 0;
    for (const float w : weights) max_abs = std::max(max_abs, std::abs(w));
    for (const int32_t qmax : {1, 3, 127}) {
      CHECK(error_of(weights, optimal_scale(weights, qmax), qmax) <=
            error_of(weights, symmetric_params(max_abs, qmax).scale, qmax));
    }
  }
}

TEST_CASE("all zero gives 1, and the smallest numbers a normal scale") {
  CHECK(optimal_scale(std::vector<float>(5), 7) == 1.0f);
  CHECK(optimal_scale({}, 7) == 1.0f);
  CHECK(optimal_scale(std::vector<float>{1e-44f, -2e-44f}, 7) == std::numeric_limits<float>::min());
}

}  // namespace lowbit::test

// What golden/observer_test.cpp does not say of observers: their definitions on data where the
// answer is known, and their answers to degenerate data.
#include "quantize/observer.h"

#include <limits>
#include <vector>

#include "base/random.h"
#include "doctest/doctest.h"
#include "qmath/quant_params.h"
#include "qmath/quantize.h"

using namespace lowbit;

namespace {

constexpr Observer kAll[] = {Observer::kMinMax, Observer::kMovingAverage, Observer::kPercentile,
                             Observer::kMse, Observer::kEntropy};

Observation observe(const std::vector<float>& values) {
  Observation observation;
  REQUIRE(observation.add(values));
  return observation;
}

void check_range(Range range, float min, float max) {
  CHECK(range.min == min);
  CHECK(range.max == max);
}

// Uniform in [0, 1), and a few at 40.
std::vector<float> with_outliers() {
  Random random(5);
  std::vector<float> values(20000);
  for (float& x : values) x = random.uniform();
  for (size_t i = 0; i < 4; ++i) values[i * 1000] = 40.0f;
  return values;
}

// The mean squared error of the integers of `range`, over the values themselves.
double quantization_error(const std::vector<float>& values, Range range, int bits) {
  const int32_t qmax = activation_qmax(bits);
  const auto [scale, zero_point] = asymmetric_params(range.min, range.max, 0, qmax);
  double sum = 0;
  for (const float x : values) {
    const double error = dequantize(quantize(x, scale, zero_point, 0, qmax), scale, zero_point) - x;
    sum += error * error;
  }
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("min-max is what was seen, widened to contain 0") {
  check_range(choose_range(observe({2.0f, 3.0f}), Observer::kMinMax, 8), 0, 3);
  check_range(choose_range(observe({-2.0f, 3.0f}), Observer::kMinMax, 8), -2, 3);
  check_range(choose_range(observe({-5.0f, 3.0f}), Observer::kMinMax, 8, true), -5, 5);
}

TEST_CASE("the moving average of one batch is its range, later ones move it by a part") {
  Observation o = observe({-2.0f, 4.0f});
  check_range(choose_range(o, Observer::kMovingAverage, 8), -2, 4);
  REQUIRE(o.add(std::vector{-2.0f, 14.0f}));
  const Range range = choose_range(o, Observer::kMovingAverage, 8);
  CHECK(range.min == -2);
  CHECK(range.max == static_cast<float>((0.9 * 4 + 14) / 1.9));
}

TEST_CASE("the percentile interpolates within a bin") {
  // 1000 elements in the bin [1, 1 + 2^-11): those of rank 995 on are cut at each end.
  std::vector<float> values(1000, 1.0f);
  values.back() = 1.0f + 0x1p-12f;
  const Range range = choose_range(observe(values), Observer::kPercentile, 8, false, 99.0);
  check_range(range, 0, 1.0f + 0x1p-12f);  // 0.995 of the bin is above all elements
  const Range half = choose_range(observe(values), Observer::kPercentile, 8, false, 50.0);
  check_range(half, 0, 1.0f + 0x1p-12f);
  const Range quarter = choose_range(observe(values), Observer::kPercentile, 8, true, 25.0);
  check_range(quarter, -(1.0f + 0x1p-13f), 1.0f + 0x1p-13f);
}

TEST_CASE("the percentile cuts a share of each end, and none at 100") {
  std::vector<float> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(static_cast<float>(i));
  for (int i = 1; i <= 1000; ++i) values.push_back(-0.25f * static_cast<float>(i));
  const Observation o = observe(values);
  const Range range = choose_range(o, Observer::kPercentile, 8, false, 99.0);
  CHECK(range.max == doctest::Approx(990.5).epsilon(0.001));
  CHECK(range.min == doctest::Approx(-0.25 * 990.5).epsilon(0.001));
  check_range(choose_range(o, Observer::kPercentile, 8, false, 100.0), -250, 1000);
}

TEST_CASE("an observer against outliers gives them up, and the others get their steps") {
  const std::vector<float> values = with_outliers();
  const Observation o = observe(values);
  for (const Observer observer : {Observer::kPercentile, Observer::kEntropy}) {
    CAPTURE(static_cast<int>(observer));
    const Range range = choose_range(o, observer, 6, false, 99.9);
    CHECK(range.min == 0);
    CHECK(range.max == doctest::Approx(1.0).epsilon(0.05));
  }
}

TEST_CASE(
    "the least squared error is less than that of other ranges, also on the data themselves") {
  Random random(7);
  std::vector<float> values(20000);
  for (float& x : values)
    x = (random.uniform(-1, 1) + random.uniform(-1, 1)) * random.uniform(0, 2);
  const Observation o = observe(values);
  for (const int bits : {2, 3, 4, 6, 8}) {
    CAPTURE(bits);
    const Range best = choose_range(o, Observer::kMse, bits);
    const double least = quantization_error(values, best, bits);
    for (const double factor : {0.5, 0.8, 1.25, 2.0}) {
      const Range other{best.min * static_cast<float>(factor),
                        best.max * static_cast<float>(factor)};
      CHECK(least < quantization_error(values, other, bits));
    }
    CHECK(least <= quantization_error(values, choose_range(o, Observer::kMinMax, bits), bits));
  }
}

TEST_CASE("nothing seen, or only zeros: the range is [0, 0]") {
  for (const Observer observer : kAll) {
    for (const bool symmetric : {false, true}) {
      check_range(choose_range({}, observer, 8, symmetric), 0, 0);
      check_range(choose_range(observe({0.0f, -0.0f}), observer, 8, symmetric), 0, 0);
    }
  }
}

TEST_CASE("constant data and single samples keep their range") {
  for (const float x : {3.0f, 2.999f, std::numeric_limits<float>::max(),
                        std::numeric_limits<float>::denorm_min()}) {
    for (const Observer observer : kAll) {
      for (const size_t count : {size_t{1}, size_t{1000}}) {
        CAPTURE(x);
        CAPTURE(static_cast<int>(observer));
        const Observation o = observe(std::vector<float>(count, x));
        const Range range = choose_range(o, observer, 8);
        CHECK(range.min == 0);
        CHECK(range.max <= x);
        CHECK(range.max >= x - (observer == Observer::kPercentile ? o.bin_width() : 0));
        const Range mirrored = choose_range(observe(std::vector<float>(count, -x)), observer, 8);
        check_range(mirrored, -range.max, 0);
      }
    }
  }
}

TEST_CASE("rare elements that a percentile would take for nothing keep their range") {
  std::vector<float> values(100000, 0.0f);
  values[5] = 2.0f;
  check_range(choose_range(observe(values), Observer::kPercentile, 8), 0, 2);
}

TEST_CASE("the whole range of float32 has finite answers") {
  const float huge = std::numeric_limits<float>::max();
  for (const Observer observer : kAll) {
    for (const bool symmetric : {false, true}) {
      CAPTURE(static_cast<int>(observer));
      const Range range = choose_range(observe({-huge, huge, 1.0f}), observer, 8, symmetric);
      CHECK(range.max > 0);
      CHECK(range.max <= huge);
      CHECK(range.min >= -huge);
    }
  }
}

TEST_CASE("the clipping curve: smaller ranges clip more and round less") {
  const Observation o = observe(with_outliers());
  const auto curve = clipping_curve(o, 6, false, 40);
  REQUIRE(curve.size() == 40);
  check_range(curve.back().range, 0, 40);
  CHECK(curve.back().clip_error == 0);
  for (size_t i = 1; i < curve.size(); ++i) {
    CHECK(curve[i].clip_error < curve[i - 1].clip_error);
    CHECK(curve[i].round_error > curve[i - 1].round_error);
  }
  // Uniform data are off by step^2 / 12 on average.
  const double step = 1.0 / 63;
  CHECK(curve.front().round_error == doctest::Approx(step * step / 12).epsilon(0.05));
  CHECK(curve.front().clip_error == doctest::Approx(4 * 39.0 * 39.0 / 20000).epsilon(0.001));
}

TEST_CASE("the clipping curve adds up to the error on the data themselves") {
  const std::vector<float> values = with_outliers();
  for (const ClippingPoint& point : clipping_curve(observe(values), 4, false, 7)) {
    CHECK(point.clip_error + point.round_error ==
          doctest::Approx(quantization_error(values, point.range, 4)).epsilon(0.02));
  }
}

TEST_CASE("the clipping curve of symmetric ranges has both ends; without elements it is all 0") {
  const auto curve = clipping_curve(observe({-3.0f, 1.0f, 2.0f}), 8, true, 3);
  check_range(curve[0].range, -1, 1);
  check_range(curve[2].range, -3, 3);
  CHECK(curve[0].clip_error == doctest::Approx((4.0 + 1.0) / 3).epsilon(0.01));
  for (const ClippingPoint& point : clipping_curve({}, 8, false, 2)) {
    check_range(point.range, 0, 0);
    CHECK(point.clip_error + point.round_error == 0);
  }
}

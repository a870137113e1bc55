#include "analysis/distribution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "support/check_error.h"

namespace lowbit::test {
namespace {

using Doubles = std::vector<double>;

Observation observe(const std::vector<float>& values) {
  Observation observation;
  REQUIRE(observation.add(values));
  return observation;
}

double total(const Doubles& counts) { return std::accumulate(counts.begin(), counts.end(), 0.0); }

// Sums of four uniform numbers, shifted; one in ten is 0.
Observation bell(float shift) {
  Random random(11);
  std::vector<float> values(30000);
  for (float& x : values) {
    x = shift - 2.0f;
    for (int i = 0; i < 4; ++i) x += random.uniform();
    if (random.below(10) == 0) x = 0;
  }
  return observe(values);
}

const QuantizedRange& choice(const Distribution& all, Observer observer) {
  return all.choices[static_cast<size_t>(observer)];
}

double error_of(const ClippingPoint& point) { return point.clip_error + point.round_error; }

TEST_CASE("Bars from the least to the largest element, the zeros in none") {
  const Bars bars = histogram(observe({-1, -0.9f, 0, 0, 0.3f, 2.9f, 3}), 4);
  CHECK(bars.low == -1);
  CHECK(bars.high == 3);
  CHECK(bars.counts == Doubles{2, 1, 0, 2});
}

TEST_CASE("A bin that straddles two bars is shared between them, to the whole element") {
  // All 10 are in the bin [1, 1 + 2^-11), of which the data reach to 1 + 2^-12: of 2 * 4097 bars
  // the last two have a half of that each.
  std::vector<float> values(9, 1.0f);
  values.push_back(1.0f + 0x1p-12f);
  const Observation o = observe(values);
  CHECK(histogram(o, 3).counts == Doubles{0, 0, 10});
  const Bars fine = histogram(o, 2 * 4097);
  CHECK(fine.counts[8192] == 5);
  CHECK(fine.counts[8193] == 5);
  CHECK(total(fine.counts) == 10);
}

TEST_CASE("However many bars there are, they hold every element that is not 0") {
  for (const float shift : {-3.0f, -1.0f, 0.0f, 0.25f, 5.0f}) {
    const Observation o = bell(shift);
    for (const int bar_count : {1, 2, 7, 64, 1000, 4096}) {
      const Bars bars = histogram(o, bar_count);
      CHECK(bars.counts.size() == static_cast<size_t>(bar_count));
      CHECK(total(bars.counts) + static_cast<double>(o.zeros) == static_cast<double>(o.count));
      CHECK(*std::min_element(bars.counts.begin(), bars.counts.end()) >= 0);
    }
  }
  CHECK(histogram({}, 3).counts == Doubles{0, 0, 0});
  CHECK(histogram(observe({0, 0}), 2).counts == Doubles{0, 0});
}

TEST_CASE("After rounding, each integer has the elements that become it") {
  // Steps of 1: -1, 0, 1 and 2 are 0, 1, 2 and 3.
  const Observation o = observe({-1, -0.75f, 0, 0, 0.25f, 0.75f, 2, 1.75f, 1.25f});
  const Distribution all = distribution(o, {.bits = 2});
  const QuantizedRange& minmax = choice(all, Observer::kMinMax);
  CHECK(minmax.params.scale[0] == 1);
  CHECK(minmax.params.zero_point[0] == 1);
  CHECK(minmax.counts == Doubles{2, 3, 2, 2});
  // Symmetric: 1, 2 and 3 are -2, 0 and 2.
  const Distribution both = distribution(o, {.bits = 2, .symmetric = true});
  CHECK(choice(both, Observer::kMinMax).params.qmin == 1);
  CHECK(choice(both, Observer::kMinMax).counts == Doubles{0, 6, 3});
}

TEST_CASE("A range of the caller's own comes last, with its errors and integers") {
  const Observation o = observe({1, 2, 3, 3});
  const Distribution all = distribution(o, {.bits = 2, .range = Range{0, 2}});
  REQUIRE(all.choices.size() == kObserverCount + 1);
  const QuantizedRange& own = all.choices.back();
  CHECK(own.point.range.max == 2);
  CHECK(own.point.clip_error == doctest::Approx(2.0 / 4).epsilon(0.01));
  // Steps of 2 / 3: 1 lies between the integers 1 and 2, and its bin's middle nearer to 2.
  CHECK(own.point.round_error == doctest::Approx(1.0 / 9 / 4).epsilon(0.01));
  CHECK(own.counts == Doubles{0, 0, 1, 3});
}

TEST_CASE(
    "Of each observer there is the range, the errors on the curve's scale, and all elements") {
  for (const bool symmetric : {false, true}) {
    for (const int bits : {2, 4, 8}) {
      const Observation o = bell(0.5f);
      const Distribution all =
          distribution(o, {.bits = bits, .symmetric = symmetric, .percentile = 99});
      REQUIRE(all.choices.size() == kObserverCount);
      for (size_t i = 0; i < kObserverCount; ++i) {
        const Range range = choose_range(o, static_cast<Observer>(i), bits, symmetric, 99);
        CHECK(all.choices[i].point.range.min == range.min);
        CHECK(all.choices[i].point.range.max == range.max);
        CHECK(total(all.choices[i].counts) == static_cast<double>(o.count));
      }
      const ClippingPoint& whole = all.curve.back();
      const ClippingPoint& minmax = choice(all, Observer::kMinMax).point;
      CHECK(minmax.clip_error == whole.clip_error);
      CHECK(minmax.round_error == whole.round_error);
    }
  }
}

TEST_CASE("No point of the curve is better than the range of least squared error") {
  for (const bool symmetric : {false, true}) {
    const Observation o = bell(0.25f);
    const Distribution all = distribution(o, {.bits = 3, .symmetric = symmetric});
    const ClippingPoint& best = choice(all, Observer::kMse).point;
    double least = error_of(all.curve[0]);
    for (const ClippingPoint& point : all.curve) least = std::min(least, error_of(point));
    CHECK(error_of(best) <= least);
    CHECK(least < 1.1 * error_of(best));  // the curve has 64 points
  }
}

TEST_CASE("A value that the calibration has not is refused with those that it has") {
  Calibration calibration;
  calibration.by_value["x"] = observe({1});
  calibration.by_value["relu1"] = observe({2});
  const auto found = find_observation(calibration, "relu1");
  REQUIRE(found.ok());
  CHECK((*found)->max == 2);
  check_error(find_observation(calibration, "relu2"), ErrorCode::kInvalidArgument,
              "there are relu1, x");
  for (int i = 0; i < 30; ++i) calibration.by_value["v" + std::to_string(i)] = {};
  check_error(find_observation(calibration, ""), ErrorCode::kInvalidArgument, ", ...");
}

}  // namespace
}  // namespace lowbit::test

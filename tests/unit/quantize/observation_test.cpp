#include "quantize/observation.h"

#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "doctest/doctest.h"
#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

constexpr size_t kBins = Observation::kBins;

Observation observe(const std::vector<std::vector<float>>& batches) {
  Observation observation;
  for (const auto& batch : batches) REQUIRE(observation.add(batch));
  return observation;
}

// Of many magnitudes, some of them zero.
std::vector<float> random_batch(Random& random, size_t size) {
  std::vector<float> batch(size);
  for (float& x : batch) {
    x = random.below(4) == 0 ? 0.0f : std::ldexp(random.uniform(-1, 1), int(random.below(12)));
  }
  return batch;
}

uint64_t total(std::span<const uint64_t> bins) {
  return std::accumulate(bins.begin(), bins.end(), uint64_t{0});
}

// All but the moving average.
void check_same(const Observation& a, const Observation& b) {
  CHECK(a.min == b.min);
  CHECK(a.max == b.max);
  CHECK(a.count == b.count);
  CHECK(a.zeros == b.zeros);
  CHECK(a.exponent == b.exponent);
  CHECK(a.bins == b.bins);
}

}  // namespace

TEST_CASE("an element lies in the bin of its magnitude, zeros in none") {
  const Observation o = observe({{0.75f, -0.75f, 0.0f, -0.0f, 0x1p-12f, 0x1.8p-12f}});
  CHECK(o.exponent == 0);
  CHECK(o.bin_width() == 0x1p-12f);
  CHECK(o.count == 6);
  CHECK(o.zeros == 2);
  REQUIRE(o.positive().size() == kBins);
  REQUIRE(o.negative().size() == kBins);
  CHECK(o.positive()[3 * kBins / 4] == 1);
  CHECK(o.positive()[1] == 2);
  CHECK(o.negative()[3 * kBins / 4] == 1);
  CHECK(total(o.bins) == 4);
}

TEST_CASE("data without negative elements need half of the memory") {
  CHECK(observe({{0.0f, 3.0f}}).bins.size() == kBins);
  CHECK(observe({{0.0f, 3.0f}, {-1.0f}}).bins.size() == 2 * kBins);
  CHECK(observe({}).bins.empty());
}

TEST_CASE("the range is the smallest power of two above the largest magnitude") {
  CHECK(observe({{1.0f}}).exponent == 1);
  CHECK(observe({{std::nextafter(1.0f, 0.0f)}}).exponent == 0);
  CHECK(observe({{-5.0f, 1.0f}}).exponent == 3);
  CHECK(observe({{std::numeric_limits<float>::max()}}).exponent == 128);
  CHECK(observe({{std::numeric_limits<float>::denorm_min()}}).exponent ==
        Observation::kMinExponent);
  CHECK(observe({{0.0f}}).exponent == Observation::kMinExponent);
}

TEST_CASE("extreme magnitudes stay within the bins, and one doubling of all bins loses nothing") {
  const float huge = std::numeric_limits<float>::max();
  const Observation o =
      observe({{std::numeric_limits<float>::denorm_min(), 1e-30f}, {-huge, huge}});
  CHECK(o.positive()[kBins - 1] == 1);
  CHECK(o.negative()[kBins - 1] == 1);
  CHECK(o.positive()[0] == 2);
}

TEST_CASE("the histogram depends neither on the order of the data nor on their parts") {
  Random random(3);
  std::vector<std::vector<float>> batches;
  for (const size_t size : std::array<size_t, 6>{1, 255, 256, 257, 1000, 3})
    batches.push_back(random_batch(random, size));
  const Observation forward = observe(batches);

  std::vector<float> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  check_same(observe({all}), forward);

  const std::vector<std::vector<float>> reversed(batches.rbegin(), batches.rend());
  check_same(observe(reversed), forward);

  for (size_t split = 0; split <= batches.size(); ++split) {
    const auto middle = batches.begin() + static_cast<std::ptrdiff_t>(split);
    Observation first = observe({batches.begin(), middle});
    const Observation second = observe({middle, batches.end()});
    must(first.merge(second));
    check_same(first, forward);
    CHECK(first.average.min_sum == doctest::Approx(forward.average.min_sum).epsilon(1e-14));
    CHECK(first.average.max_sum == doctest::Approx(forward.average.max_sum).epsilon(1e-14));
    CHECK(first.average.weight == doctest::Approx(forward.average.weight).epsilon(1e-14));
  }
}

TEST_CASE("the moving average weighs each batch 0.9 times as much as the next") {
  const Observation o = observe({{1.0f, 4.0f}, {-2.0f, 10.0f}});
  CHECK(o.average.max_sum / o.average.weight ==
        doctest::Approx((0.9 * 4 + 10) / 1.9).epsilon(1e-14));
  CHECK(o.average.min_sum / o.average.weight == doctest::Approx(-2 / 1.9).epsilon(1e-14));
}

TEST_CASE("NaN and infinities are refused, with nothing changed") {
  const Observation before = observe({{1.0f, -2.0f}});
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    Observation o = before;
    CHECK_FALSE(o.add(std::array{9.0f, bad, 3.0f}));
    check_same(o, before);
    CHECK(o.average.weight == before.average.weight);
  }
}

TEST_CASE("a batch without elements changes nothing") {
  Observation o = observe({{1.0f}});
  CHECK(o.add({}));
  CHECK(o.count == 1);
  CHECK(o.average.weight == doctest::Approx(0.1));
}

TEST_CASE("counts beyond 2^53 are refused, with nothing changed") {
  Observation full = observe({{0.0f, 1.0f}});
  full.zeros += Observation::kMaxCount - 3;
  full.count += Observation::kMaxCount - 3;
  must(full.merge(observe({{5.0f}})));
  const Observation before = full;
  check_error(full.merge(observe({{9.0f}})), ErrorCode::kLimitExceeded, "too many elements");
  check_same(full, before);
}

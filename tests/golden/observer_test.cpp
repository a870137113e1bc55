// Observers against ranges that Python computed from their definitions, of histograms that it made
// itself (make_observer_vectors.py): each line of observer_vectors.inc is a call of check().
#include "quantize/observer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <vector>

#include "base/random.h"

namespace lowbit {
namespace {

enum Distribution { kGaussian, kRelu, kOutliers, kUniform, kTwoValued };

// Nearly normal, of variance 1: twelve uniform numbers.
float gaussian(Random& random) {
  int total = 0;
  for (int i = 0; i < 12; ++i) total += static_cast<int>(random.below(4096));
  return static_cast<float>(2 * total - 12 * 4095) / 8192.0f;
}

float draw(Distribution distribution, Random& random) {
  switch (distribution) {
    case kGaussian:
      return gaussian(random);
    case kRelu:
      return std::max(0.0f, gaussian(random));
    case kOutliers: {
      const float x = gaussian(random);
      return random.below(500) == 0 ? x * 30.0f : x;
    }
    case kUniform:
      return (static_cast<float>(random.below(4096)) - 1024.0f) / 4096.0f;
    case kTwoValued:
      return random.below(4) == 0 ? -1.0f : 3.0f;
  }
  return 0;
}

const Observation& observe(Distribution distribution) {
  static std::map<Distribution, Observation> observations;
  const auto [entry, is_new] = observations.try_emplace(distribution);
  if (is_new) {
    Random random(static_cast<uint64_t>(distribution));
    std::vector<float> values(20000);
    for (float& x : values) x = draw(distribution, random);
    REQUIRE(entry->second.add(values));
  }
  return entry->second;
}

void check(Observer observer, Distribution distribution, int bits, bool symmetric,
           double percentile, float min, float max, float tolerance) {
  CAPTURE(static_cast<int>(observer));
  CAPTURE(static_cast<int>(distribution));
  CAPTURE(bits);
  CAPTURE(symmetric);
  CAPTURE(percentile);
  const Range range = choose_range(observe(distribution), observer, bits, symmetric, percentile);
  INFO("expected ", min, " to ", max, ", but there is ", range.min, " to ", range.max);
  CHECK(std::fabs(range.min - min) <= tolerance);
  CHECK(std::fabs(range.max - max) <= tolerance);
}

}  // namespace

TEST_CASE("observers choose the ranges of an independent computation") {
#include "golden/observer_vectors.inc"
}

}  // namespace lowbit

#include "qmath/accumulator_bound.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace lowbit::test {
namespace {

constexpr int32_t kMaxBias = std::numeric_limits<int32_t>::max();
constexpr IntegerRange kBytes{0, 255};

AccumulatorBound bound_of(int32_t bias, IntegerRange input, int32_t zero_point,
                          const std::vector<int8_t>& weights) {
  AccumulatorBound bound(bias, input, zero_point);
  for (const int8_t weight : weights) bound.add(weight);
  return bound;
}

bool fits(int32_t bias, int32_t zero_point, const std::vector<int8_t>& weights) {
  return bound_of(bias, kBytes, zero_point, weights).fits_int32();
}

TEST_CASE("A sum fits up to the last integer of int32, and no further") {
  CHECK(fits(0, 0, {}));
  CHECK(fits(kMaxBias, 0, {-1}));
  CHECK(fits(kMaxBias - 255, 0, {1}));
  CHECK(!fits(kMaxBias - 254, 0, {1}));
  CHECK(fits(-kMaxBias - 1 + 255, 0, {-1}));
  CHECK(!fits(-kMaxBias - 1 + 254, 0, {-1}));
  // With zero point 255 the input lies in -255..0.
  CHECK(!fits(kMaxBias, 255, {-1}));
  CHECK(fits(kMaxBias - 255, 255, {-1}));
}

TEST_CASE("With the zero point folded into the bias, the bound holds before a product is added") {
  // bias - 128 * (-100) leaves the range at the start.
  CHECK(!fits(kMaxBias - 12000, 128, {-100}));
  CHECK(fits(kMaxBias - 12800, 128, {-100}));
}

TEST_CASE("The bounds are the extremes over all inputs") {
  const std::vector<int8_t> weights = {3, -2, 0, 1};
  for (const IntegerRange input : {IntegerRange{0, 3}, IntegerRange{1, 3}}) {
    for (int32_t zero_point = input.min; zero_point <= input.max; ++zero_point) {
      int64_t low = kMaxBias;
      int64_t high = -kMaxBias;
      for (int i = 0; i < 256; ++i) {
        int64_t sum = 7;
        for (int k = 0; k < 4; ++k) {
          const int32_t q = std::max(input.min, i >> 2 * k & 3);
          sum += (q - zero_point) * weights[static_cast<size_t>(k)];
        }
        low = std::min(low, sum);
        high = std::max(high, sum);
      }
      const AccumulatorBound bound = bound_of(7, input, zero_point, weights);
      CHECK(bound.low() == low);
      CHECK(bound.high() == high);
    }
  }
}

}  // namespace
}  // namespace lowbit::test

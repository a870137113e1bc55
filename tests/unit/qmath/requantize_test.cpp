#include "qmath/requantize.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/random.h"

namespace lowbit {

TEST_CASE("requantize_multiplier: multiplies first, then divides, each step rounded to float32") {
  Random random(1);
  int distinguishable = 0;
  for (int i = 0; i < 10000; ++i) {
    const float sx = random.uniform(0.001f, 0.2f);
    const float sw = random.uniform(0.0005f, 0.02f);
    const float sy = random.uniform(0.001f, 0.3f);
    const volatile float product = sx * sw;
    const float expected = product / sy;
    CHECK(requantize_multiplier(sx, sw, sy) == expected);
    const volatile float quotient = sw / sy;
    if (sx * quotient != expected) ++distinguishable;
  }
  // The other order is another function: this test could not pass with it.
  CHECK(distinguishable > 1000);
}

TEST_CASE("requantize: rounds half to even before the zero point is added") {
  static_assert(requantize(1, 0.5f, 7, 0, 255) == 7);
  static_assert(requantize(3, 0.5f, 7, 0, 255) == 9);
  static_assert(requantize(-1, 0.5f, 7, 0, 255) == 7);
  static_assert(requantize(-5, 0.5f, 7, 0, 255) == 5);
}

TEST_CASE("requantize: saturates, at the accumulator's and the multiplier's extremes too") {
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  constexpr float kHuge = std::numeric_limits<float>::max();
  CHECK(requantize(kMax, 1.0f, 10, 0, 255) == 255);
  CHECK(requantize(kMin, 1.0f, 10, 0, 255) == 0);
  CHECK(requantize(kMax, kHuge, 10, 0, 255) == 255);
  CHECK(requantize(kMin, kHuge, 10, 4, 200) == 4);
  CHECK(requantize(0, kHuge, 10, 0, 255) == 10);
  CHECK(requantize(kMax, std::numeric_limits<float>::denorm_min(), 10, 0, 255) == 10);
}

TEST_CASE("requantize: the accumulator is rounded to float32 first") {
  // (2^26 + 3) * 6.5 / 2^26 is above 6.5; but 2^26 + 3 becomes 2^26, and the tie goes to 6.
  static_assert(requantize((1 << 26) + 3, 6.5f / 0x1p26f, 0, 0, 255) == 6);
  static_assert(requantize((1 << 26) + 5, 6.5f / 0x1p26f, 0, 0, 255) == 7);
}

}  // namespace lowbit

#include "qmath/rounding.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include "base/random.h"

namespace lowbit {
namespace {

// nearbyint in the default mode is IEEE 754 roundTiesToEven. The sign of a zero is of no interest:
// an integer follows.
bool agrees(float x) {
  const float expected = std::nearbyint(x);
  return std::isnan(x) ? std::isnan(round_half_even(x)) : round_half_even(x) == expected;
}

}  // namespace

TEST_CASE("round_half_even: ties go to the even neighbour") {
  static_assert(round_half_even(0.5f) == 0.0f);
  static_assert(round_half_even(1.5f) == 2.0f);
  static_assert(round_half_even(2.5f) == 2.0f);
  static_assert(round_half_even(-0.5f) == 0.0f);
  static_assert(round_half_even(-1.5f) == -2.0f);
  static_assert(round_half_even(-2.5f) == -2.0f);
  static_assert(round_half_even(8388607.5f) == 8388608.0f);
}

TEST_CASE("round_half_even: agrees with nearbyint around every power of two and every small tie") {
  for (int exponent = -149; exponent < 128; ++exponent) {
    const float power = std::ldexp(1.0f, exponent);
    for (const float near : {power, std::nextafter(power, 0.0f), std::nextafter(power, 3e38f),
                             power + 0.5f, power - 0.5f, power + 1.0f, power - 1.5f}) {
      CAPTURE(near);
      CHECK(agrees(near));
      CHECK(agrees(-near));
    }
  }
  for (int half = -2000; half <= 2000; ++half) {
    const float tie = 0.5f * static_cast<float>(half);
    CAPTURE(tie);
    CHECK(agrees(tie));
    CHECK(agrees(std::nextafter(tie, 3e38f)));
    CHECK(agrees(std::nextafter(tie, -3e38f)));
  }
}

TEST_CASE(
    "round_half_even: is exact between 2^22 and 2^24, where floats run out of fraction bits") {
  for (const float base : {4194304.0f, 6291456.0f, 8388608.0f, 16777216.0f}) {
    for (int half = -200; half <= 200; ++half) {
      const float x = base + 0.5f * static_cast<float>(half);
      CAPTURE(x);
      CHECK(agrees(x));
      CHECK(agrees(-x));
    }
  }
}

TEST_CASE("round_half_even: agrees with nearbyint on four million random bit patterns") {
  Random random(1);
  int disagreements = 0;
  for (int i = 0; i < 4'000'000; ++i) {
    if (!agrees(std::bit_cast<float>(static_cast<uint32_t>(random.next())))) ++disagreements;
  }
  CHECK(disagreements == 0);
}

TEST_CASE("round_half_even: NaN and infinities pass through") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  CHECK(round_half_even(kInfinity) == kInfinity);
  CHECK(round_half_even(-kInfinity) == -kInfinity);
  CHECK(std::isnan(round_half_even(std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace lowbit

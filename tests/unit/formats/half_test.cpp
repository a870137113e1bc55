#include "formats/half.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace lowbit;

TEST_CASE("the examples of IEEE 754 half precision are read exactly") {
  static_assert(half_to_float(0x3c00) == 1.0f);
  CHECK(half_to_float(0xc000) == -2.0f);
  CHECK(half_to_float(0x7bff) == 65504.0f);             // the largest
  CHECK(half_to_float(0x0400) == 0x1p-14f);             // the smallest normal
  CHECK(half_to_float(0x03ff) == 0x1p-14f - 0x1p-24f);  // the largest subnormal
  CHECK(half_to_float(0x0001) == 0x1p-24f);             // the smallest
  CHECK(half_to_float(0x8001) == -0x1p-24f);
  CHECK(half_to_float(0x3555) == 0.333251953125f);
  CHECK(half_to_float(0x7c00) == std::numeric_limits<float>::infinity());
  CHECK(half_to_float(0xfc00) == -std::numeric_limits<float>::infinity());
}

TEST_CASE("zero keeps its sign") {
  CHECK(std::bit_cast<uint32_t>(half_to_float(0x0000)) == 0u);
  CHECK(std::bit_cast<uint32_t>(half_to_float(0x8000)) == 0x80000000u);
}

TEST_CASE("a NaN stays one, with sign and payload") {
  CHECK(std::bit_cast<uint32_t>(half_to_float(0x7e01)) == 0x7fc02000u);
  CHECK(std::bit_cast<uint32_t>(half_to_float(0xfc01)) == 0xff802000u);
}

TEST_CASE("all finite values equal sign * fraction * 2^exponent") {
  for (uint32_t half = 0; half <= 0xffff; ++half) {
    const int exponent = static_cast<int>((half >> 10) & 31);
    if (exponent == 31) continue;
    const int fraction = static_cast<int>(half & 1023);
    const double magnitude =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
    const double expected = half & 0x8000 ? -magnitude : magnitude;
    REQUIRE(static_cast<double>(half_to_float(static_cast<uint16_t>(half))) == expected);
  }
}

TEST_CASE("every half is the nearest half of itself, and of its neighbourhood") {
  for (uint32_t half = 0; half < 0x7bff; ++half) {
    const float x = half_to_float(static_cast<uint16_t>(half));
    const float next = half_to_float(static_cast<uint16_t>(half + 1));
    const float middle = (x + next) / 2;
    const auto nearest = [](float value) { return uint32_t{float_to_half(value)}; };
    REQUIRE(nearest(x) == half);
    REQUIRE(nearest(-x) == (half | 0x8000));
    REQUIRE(nearest(middle) == half + half % 2);  // the even one
    REQUIRE(nearest(std::nextafter(middle, x)) == half);
    REQUIRE(nearest(std::nextafter(middle, next)) == half + 1);
  }
  CHECK(float_to_half(kLargestHalf) == 0x7bff);
  CHECK(float_to_half(1e-30f) == 0);
}

#include "base/decimal.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/random.h"

namespace lowbit {

namespace {

// The C library's, in the locale "C", which programs start with.
double by_library(const std::string& digits, int64_t exponent) {
  return std::strtod((digits + "e" + std::to_string(exponent)).c_str(), nullptr);
}

std::string random_digits(Random& random, uint32_t most) {
  std::string digits;
  for (uint32_t count = 1 + random.below(most); count > 0; --count) {
    digits += static_cast<char>('0' + random.below(10));
  }
  return digits;
}

}  // namespace

TEST_CASE("decimal: digits of any number become the nearest double") {
  Random random(1);
  for (int i = 0; i < 5'000; ++i) {
    const std::string digits = random_digits(random, i % 100 == 0 ? 900 : 25);
    const int64_t exponent = static_cast<int64_t>(random.below(700)) - 370;
    CAPTURE(digits);
    CAPTURE(exponent);
    CHECK(decimal_to_double(digits, exponent) == by_library(digits, exponent));
  }
}

TEST_CASE(
    "decimal: what lies half-way goes to the even double, and the last of a thousand digits "
    "tells") {
  CHECK(decimal_to_double("9007199254740993", 0) == 9007199254740992.0);
  CHECK(decimal_to_double("9007199254740995", 0) == 9007199254740996.0);
  CHECK(decimal_to_double("9007199254740993" + std::string(1000, '0'), -1000) ==
        9007199254740992.0);
  CHECK(decimal_to_double("9007199254740993" + std::string(999, '0') + "1", -1000) ==
        9007199254740994.0);
}

TEST_CASE("decimal: the ends of the range") {
  CHECK(decimal_to_double("", 0) == 0);
  CHECK(decimal_to_double("000", 400) == 0);
  CHECK(decimal_to_double("17976931348623157", 292) == std::numeric_limits<double>::max());
  CHECK(std::isinf(decimal_to_double("17976931348623159", 292)));
  CHECK(std::isinf(decimal_to_double("1", int64_t{1} << 40)));
  CHECK(decimal_to_double("1", -(int64_t{1} << 40)) == 0);
  CHECK(decimal_to_double("5", -324) == std::numeric_limits<double>::denorm_min());
  CHECK(decimal_to_double("2", -324) == 0);
  CHECK(decimal_to_double("22250738585072014", -324) == std::numeric_limits<double>::min());
}

TEST_CASE("decimal: every double is read back from its text") {
  Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    const double x = std::bit_cast<double>(random.next());
    if (!std::isfinite(x)) continue;
    CHECK(std::strtod(double_to_text(x).c_str(), nullptr) == x);
    const auto f = static_cast<float>(random.uniform(-1, 1));
    CHECK(std::strtof(double_to_text(static_cast<double>(f)).c_str(), nullptr) == f);
  }
}

TEST_CASE("decimal: texts are as short as JavaScript's") {
  CHECK(double_to_text(0) == "0");
  CHECK(double_to_text(-0.0) == "-0");
  CHECK(double_to_text(99.99) == "99.99");
  CHECK(double_to_text(-1200) == "-1200");
  CHECK(double_to_text(0.1 + 0.2) == "0.30000000000000004");
  CHECK(double_to_text(1e20) == "100000000000000000000");
  CHECK(double_to_text(1e21) == "1e+21");
  CHECK(double_to_text(1.5e300) == "1.5e+300");
  CHECK(double_to_text(0.000001) == "0.000001");
  CHECK(double_to_text(1e-7) == "1e-7");
  CHECK(double_to_text(5e-324) == "5e-324");
  CHECK(double_to_text(9.5) == "9.5");
  CHECK(double_to_text(0.99999999999999989) == "0.9999999999999999");
  CHECK(double_to_text(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
}

}  // namespace lowbit

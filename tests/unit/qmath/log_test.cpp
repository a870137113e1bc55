#include "qmath/log.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace lowbit {

TEST_CASE(
    "log_positive: stays within 2^-51 of the C library's log, which is within 2^-52 of the truth") {
  Random random(1);
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    const double part = static_cast<double>(random.next() >> 11) * 0x1p-53;
    // Near 1, where the logarithm is small, within some powers of two, and everywhere.
    const double x = i % 3 == 0   ? 1.0 + (part - 0.5) * 0x1p-10
                     : i % 3 == 1 ? std::exp2(16.0 * part - 8.0)
                                  : std::exp2(2044.0 * part - 1022.0);
    if (x == 1.0) continue;
    const double expected = std::log(x);
    worst = std::fmax(worst, std::fabs((log_positive(x) - expected) / expected));
  }
  CHECK(worst <= 0x1.8p-51);
}

TEST_CASE("log_positive: is 0 at one, finite at its ends, and rises") {
  static_assert(log_positive(1.0) == 0.0);
  CHECK(log_positive(std::numeric_limits<double>::min()) == doctest::Approx(-708.396));
  CHECK(log_positive(std::numeric_limits<double>::max()) == doctest::Approx(709.783));
  for (int i = 1; i < 100000; ++i) CHECK(log_positive(0.005 * i) < log_positive(0.005 * (i + 1)));
}

TEST_CASE("log_positive: infinity and NaN stay what they are") {
  CHECK(std::isinf(log_positive(std::numeric_limits<double>::infinity())));
  CHECK(std::isnan(log_positive(std::numeric_limits<double>::quiet_NaN())));
}

}  // namespace lowbit

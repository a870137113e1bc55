#include "qmath/exp.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"

namespace lowbit {

TEST_CASE(
    "exp_nonpositive: stays within 2^-51 of the C library's exp, which is within 2^-52 of the "
    "truth") {
  Random random(1);
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    const double scale = i % 3 == 0 ? 1.0 : i % 3 == 1 ? 100.0 : 699.0;
    const double x = -scale * static_cast<double>(random.next() >> 11) * 0x1p-53;
    const double expected = std::exp(x);
    worst = std::fmax(worst, std::fabs(exp_nonpositive(x) - expected) / expected);
  }
  CHECK(worst <= 0x1.8p-51);
}

TEST_CASE("exp_nonpositive: is 1 at zero, exact at its ends, and falls") {
  static_assert(exp_nonpositive(0.0) == 1.0);
  static_assert(exp_nonpositive(-0.0) == 1.0);
  static_assert(exp_nonpositive(-701.0) == 0.0);
  static_assert(exp_nonpositive(-1e300) == 0.0);
  CHECK(exp_nonpositive(-700.0) > 0.0);
  for (int i = 1; i < 100000; ++i) {
    CHECK(exp_nonpositive(-0.005 * i) < exp_nonpositive(-0.005 * (i - 1)));
  }
}

TEST_CASE("exp_nonpositive: the compiler and the machine compute the same bits") {
  constexpr double kPoints[] = {-0.1, -0.3465735902799726, -1.0, -17.25, -345.678};
  constexpr double kAtCompileTime[] = {exp_nonpositive(kPoints[0]), exp_nonpositive(kPoints[1]),
                                       exp_nonpositive(kPoints[2]), exp_nonpositive(kPoints[3]),
                                       exp_nonpositive(kPoints[4])};
  for (int i = 0; i < 5; ++i) {
    const volatile double x = kPoints[i];
    CHECK(exp_nonpositive(x) == kAtCompileTime[i]);
  }
}

}  // namespace lowbit

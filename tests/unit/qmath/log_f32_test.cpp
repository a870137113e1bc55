#include "qmath/log_f32.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

namespace lowbit {

TEST_CASE("log x is within 2 ulp of the exact value, from the smallest float32 to the greatest") {
  double worst = 0;
  for (uint32_t bits = 1; bits < std::bit_cast<uint32_t>(std::numeric_limits<float>::infinity());
       bits += 10007) {
    const auto x = std::bit_cast<float>(bits);
    const double exact = std::log(double{x});
    const float magnitude = std::fabs(static_cast<float>(exact));
    const double ulp = double{std::nextafter(magnitude, 1e9f)} - double{magnitude};
    worst = std::max(worst, std::fabs(double{log_f32(x)} - exact) / ulp);
  }
  CHECK(worst <= 2);
}

TEST_CASE("near 1, where the logarithm is 0, it is as exact") {
  double worst = 0;
  for (int i = -20000; i <= 20000; ++i) {
    const float x = 1.0f + static_cast<float>(i) * 0x1p-23f;
    const double exact = std::log(double{x});
    worst = std::max(worst, std::fabs(double{log_f32(x)} - exact) /
                                std::max(std::fabs(exact) * 0x1p-23, 0x1p-126));
  }
  CHECK(worst <= 2);
}

}  // namespace lowbit

#include "base/random.h"

#include <doctest/doctest.h>

#include <array>

namespace lowbit {

TEST_CASE("Random: is SplitMix64, the same on every machine") {
  // From the generator's published definition, computed with Python's unbounded integers.
  Random random(1234567);
  constexpr uint64_t kExpected[] = {6457827717110365317u, 3203168211198807973u,
                                    9817491932198370423u, 4593380528125082431u,
                                    16408922859458223821u};
  for (const uint64_t expected : kExpected) CHECK(random.next() == expected);
  CHECK(Random(0).next() == 16294208416658607535u);
}

TEST_CASE("Random: below() stays below its bound and reaches every value") {
  Random random(7);
  std::array<int, 10> counts{};
  for (int i = 0; i < 10000; ++i) {
    const uint32_t value = random.below(10);
    REQUIRE(value < 10);
    ++counts[value];
  }
  // Five standard deviations (30) around the mean.
  for (const int count : counts) CHECK((count > 850 && count < 1150));
  CHECK(random.below(1) == 0);
}

TEST_CASE("Random: uniform() lies in [low, high) and is spread evenly") {
  Random random(8);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const float value = random.uniform(-2.0f, 6.0f);
    REQUIRE(value >= -2.0f);
    REQUIRE(value < 6.0f);
    sum += static_cast<double>(value);
  }
  // The standard deviation of the mean is 8 / sqrt(12 * 10000) = 0.023.
  CHECK(sum / 10000 == doctest::Approx(2.0).epsilon(0.06));
}

}  // namespace lowbit

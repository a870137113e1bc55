#include "compare/metrics.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "doctest/doctest.h"

using namespace lowbit;

TEST_CASE("argmax takes the first of equals and never NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(argmax(std::array{1.0f, 3.0f, 3.0f}) == 1);
  CHECK(argmax(std::array{nan, -2.0f, -1.0f}) == 2);
  CHECK(argmax(std::array{-INFINITY, -INFINITY}) == 0);
}

TEST_CASE("SQNR is the ratio of signal and error power, over all calls") {
  SqnrAccumulator sqnr;
  sqnr.add(std::array{3.0f, 0.0f}, std::array{3.0f, 0.1f});
  sqnr.add(std::array{-1.0f}, std::array{-1.0f});
  CHECK(sqnr.db() == doctest::Approx(10 * std::log10(10 / 0.01)).epsilon(1e-6));
}

TEST_CASE("SQNR over two accumulators is that over both their data") {
  SqnrAccumulator first, second;
  first.add(std::array{3.0f}, std::array{2.5f});
  second.add(std::array{1.0f, 4.0f}, std::array{1.0f, 3.5f});
  first.add(second);
  CHECK(first.db() == doctest::Approx(10 * std::log10(26 / 0.5)).epsilon(1e-12));
}

TEST_CASE("SQNR has answers without an error, a signal or data") {
  SqnrAccumulator sqnr;
  CHECK(sqnr.db() == 0);
  sqnr.add(std::array{0.0f}, std::array{1.0f});
  CHECK(sqnr.db() == -std::numeric_limits<double>::infinity());
  SqnrAccumulator exact;
  exact.add(std::array{2.0f}, std::array{2.0f});
  CHECK(exact.db() == std::numeric_limits<double>::infinity());
}

// The first row is published (Newcombe 1998, table II); the others were computed apart from this
// code, with the Wilson bounds found by bisection of their defining equation.
TEST_CASE("the paired difference has Newcombe's interval") {
  struct Row {
    int64_t both, only_a, only_b, neither;
    PairedDifference expected;
  };
  const std::vector<Row> rows = {
      {36, 2, 12, 0, {0.2, 0.056929584003, 0.340427602975}},
      {1820, 42, 30, 108, {-0.006, -0.014587880082, 0.002452102266}},
      {1990, 3, 0, 7, {-0.0015, -0.004503825301, 0.000912710114}},
      {10, 0, 0, 0, {0.0, -0.277532799863, 0.277532799863}},
      {0, 0, 5, 5, {0.5, 0.117367467450, 0.763406909487}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.both);
    const auto d = paired_difference(row.both, row.only_a, row.only_b, row.neither);
    CHECK(d.difference == doctest::Approx(row.expected.difference).epsilon(1e-9));
    CHECK(d.low == doctest::Approx(row.expected.low).epsilon(1e-9));
    CHECK(d.high == doctest::Approx(row.expected.high).epsilon(1e-9));
  }
  CHECK(paired_difference(0, 0, 0, 0).high == 0);
}

TEST_CASE("percentiles interpolate between order statistics") {
  const auto p = percentiles(std::array{4.0, 1.0, 3.0, 2.0, 5.0});
  CHECK(p.median == 3.0);
  CHECK(p.p10 == doctest::Approx(1.4));
  CHECK(p.p90 == doctest::Approx(4.6));
  CHECK(percentiles(std::array{7.0}).p90 == 7.0);
}

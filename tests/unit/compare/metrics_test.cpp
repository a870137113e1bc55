#include "compare/metrics.h"

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "doctest/doctest.h"

using namespace lowbit;

TEST_CASE("argmax takes the first of equals and never NaN") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(argmax(std::array{1.0f, 3.0f, 3.0f}) == 1);
  CHECK(argmax(std::array{nan, -2.0f, -1.0f}) == 2);
  CHECK(argmax(std::array{-INFINITY, -INFINITY}) == 0);
}

namespace {

ErrorAccumulator error_of(std::span<const float> reference, std::span<const float> approximation) {
  ErrorAccumulator error;
  error.add(reference, approximation);
  return error;
}

}  // namespace

// r = (3, 0, 4, 0, 0, 0), q = (3, 2, 3, 0, 0, 2): r r = 25, q q = 26, r q = 21, noise = 9. More
// elements than lanes, and a rest.
TEST_CASE("the errors are those of the sums over all elements of all calls") {
  const auto check = [](const ErrorAccumulator& error) {
    CHECK(error.sqnr_db() == doctest::Approx(10 * std::log10(25.0 / 9)).epsilon(1e-15));
    CHECK(error.cosine() == doctest::Approx(21 / std::sqrt(25.0 * 26)).epsilon(1e-15));
    CHECK(error.mse() == 1.5);
  };
  const std::array r{3.0f, 0.0f, 4.0f, 0.0f, 0.0f, 0.0f};
  const std::array q{3.0f, 2.0f, 3.0f, 0.0f, 0.0f, 2.0f};
  check(error_of(r, q));

  ErrorAccumulator calls = error_of(std::span(r).first(1), std::span(q).first(1));
  calls.add(std::span(r).subspan(1), std::span(q).subspan(1));
  check(calls);

  ErrorAccumulator joined = error_of(std::span(r).first(5), std::span(q).first(5));
  joined.add(error_of(std::span(r).last(1), std::span(q).last(1)));
  check(joined);
}

TEST_CASE("the cosine is that of the angle, whatever the lengths") {
  const std::array r{1.0f, 2.0f, -3.0f};
  CHECK(error_of(r, std::array{2.0f, 4.0f, -6.0f}).cosine() == 1);
  CHECK(error_of(r, std::array{-1.0f, -2.0f, 3.0f}).cosine() == -1);
  CHECK(error_of(r, std::array{3.0f, 0.0f, 1.0f}).cosine() == 0);
  // Rounded as it is, the quotient of these sums is 1 + 2^-52.
  CHECK(error_of(std::array{0.1f, 0.8f}, std::array{7 * 0.1f, 7 * 0.8f}).cosine() == 1);
}

TEST_CASE("equal signals have no error, be they zero or not") {
  for (const float x : {2.5f, 0.0f, 1e-45f}) {
    const ErrorAccumulator error = error_of(std::array{x, -x}, std::array{x, -x});
    CHECK(error.sqnr_db() == std::numeric_limits<double>::infinity());
    CHECK(error.cosine() == 1);
    CHECK(error.mse() == 0);
  }
}

TEST_CASE("the error has answers where a signal is all zero, and without data") {
  const std::array zero{0.0f, 0.0f};
  const std::array other{1.0f, 3.0f};
  CHECK(error_of(zero, other).sqnr_db() == -std::numeric_limits<double>::infinity());
  CHECK(error_of(zero, other).cosine() == 0);
  CHECK(error_of(zero, other).mse() == 5);
  CHECK(error_of(other, zero).sqnr_db() == 0);
  CHECK(error_of(other, zero).cosine() == 0);
  CHECK(error_of(other, zero).mse() == 5);

  const ErrorAccumulator none;
  CHECK(none.sqnr_db() == 0);
  CHECK(none.cosine() == 0);
  CHECK(none.mse() == 0);
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

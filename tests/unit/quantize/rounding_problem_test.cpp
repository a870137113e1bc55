#include "quantize/rounding_problem.h"

#include "unit/quantize/rounding_case.h"

namespace lowbit::test {

namespace {

// Whole numbers, and scales of 2 and 4: sums and means are exact.
RoundingCase exact_case() {
  RoundingCase it(2, 3, 2, 3, {6, 5, -3, 1, -12, 3}, {1, 0, 2, 3, 1, 1, 0, 2, 1, 4, 1, 0},
                  {1, 1, 2, 3, 0, 1, 0, 2, 1, 3, 1, 1});
  it.scales = {2, 1, 4, 1};
  return it;
}

// mean |w x - w^ x^|^2 of one column, straight from the rows.
double direct_error(const RoundingCase& it, int32_t column, const std::vector<double>& rounded) {
  double sum = 0;
  for (size_t r = 0; r < it.rows.size(); r += static_cast<size_t>(it.depth)) {
    double difference = 0;
    for (int32_t k = 0; k < it.depth; ++k) {
      const size_t i = r + it.at(0, k);
      difference += double{it.weights[it.at(column, k)]} * double{it.rows[i]} -
                    rounded[static_cast<size_t>(k)] * double{it.seen[i]};
    }
    sum += difference * difference;
  }
  return sum / static_cast<double>(it.row_count());
}

}  // namespace

TEST_CASE("the loss is what integers add to the error of the outputs, computed from the rows") {
  const RoundingCase it = exact_case();
  const RoundingProblem problem = it.problem();
  for (int32_t c = 0; c < 2; ++c) {
    std::vector<double> unrounded;
    for (int32_t k = 0; k < 3; ++k) unrounded.push_back(double{it.weights[it.at(c, k)]});
    for (const std::vector<int8_t>& q : {std::vector<int8_t>{3, 2, -3}, {-1, 3, 0}, {0, 0, 0}}) {
      std::vector<double> rounded;
      for (int32_t k = 0; k < 3; ++k) {
        rounded.push_back(double{problem.scale(c, k)} * q[static_cast<size_t>(k)]);
      }
      CHECK(rounding_loss(problem, c, q) ==
            direct_error(it, c, rounded) - direct_error(it, c, unrounded));
    }
  }
}

TEST_CASE("weights that are integers already have no loss") {
  RoundingCase it = exact_case();
  const std::vector<int8_t> q = {3, 2, -3};
  it.weights = {6, 4, -3, 0, 0, 0};
  CHECK(rounding_loss(it.problem(), 0, q) == 0.0);
}

TEST_CASE("the residual is half the slope of the loss, and zero where both models see the same") {
  const RoundingCase it = exact_case();
  // By hand: t = mean (w x) x^, of column 0: w x = 0, 20, 7, 29; w x^ = 5, 15, 7, 20.
  // (w x - w x^) = -5, 5, 0, 9, times x^: (-5 + 15 + 27, -5 + 0 + 9, -10 + 5 + 9) / 4.
  CHECK(rounding_residual(it.problem(), 0) == std::vector<double>{37.0 / 4, 4.0 / 4, 4.0 / 4});
  const RoundingCase same(2, 3, 3, 3, it.weights, it.rows, it.rows);
  CHECK(rounding_residual(same.problem(), 0) == std::vector<double>(3));
  CHECK(rounding_residual(same.problem(), 1) == std::vector<double>(3));
}

TEST_CASE("rounding to nearest: ties to even, blocks with scales of their own, a clamped range") {
  const RoundingCase it = exact_case();
  // 6 / 2, 5 / 2, -3 / 1 and 1 / 4, -12 / 4, 3 / 1.
  CHECK(round_to_nearest(it.problem()) == std::vector<int8_t>{3, 2, -3, 0, -3, 3});
  RoundingProblem narrow = it.problem();
  narrow.qmin = -2;
  narrow.qmax = 1;
  CHECK(round_to_nearest(narrow) == std::vector<int8_t>{1, 1, -2, 0, -2, 1});
}

TEST_CASE("a slice is the same problem for some of the columns") {
  const RoundingCase it = exact_case();
  const RoundingProblem second = it.problem().slice(1, 1);
  CHECK(second.columns == 1);
  CHECK(second.scale(0, 1) == 4.0f);
  CHECK(second.scale(0, 2) == 1.0f);
  const std::vector<int8_t> q = {1, -3, 2};
  CHECK(rounding_loss(second, 0, q) == rounding_loss(it.problem(), 1, q));
}

TEST_CASE("of a rounding and the nearest one, the better is kept") {
  const RoundingCase it(1, 2, 2, 2, {0.4f, 0.4f}, {1, 1, 2, 2}, {1, 1, 2, 2});
  RoundingProblem problem = it.problem();
  const std::vector<float> one = {1.0f};
  problem.scales = one;
  // The sum of the weights is all that counts: 0.8, and nearest gives 0 + 0.
  std::vector<int8_t> better = {1, 0};
  keep_better_rounding(problem, 0, better);
  CHECK(better == std::vector<int8_t>{1, 0});
  std::vector<int8_t> worse = {1, 1};
  keep_better_rounding(problem, 0, worse);
  CHECK(worse == std::vector<int8_t>{0, 0});
}

TEST_CASE("rows are few when they cannot span the inputs") {
  RoundingProblem problem = exact_case().problem();
  problem.rows = 2;
  CHECK(problem.has_few_rows());
  problem.rows = 3;
  CHECK_FALSE(problem.has_few_rows());
}

TEST_CASE("the meter asks for a pause after each 2^23 multiply-adds") {
  WorkMeter meter(1 << 25);
  CHECK_FALSE(meter.add((1 << 23) - 1));
  CHECK(meter.add(1));
  CHECK_FALSE(meter.add(1 << 22));
  CHECK(meter.fraction() == 0.375);
  CHECK(meter.add(1 << 25));
  CHECK(meter.fraction() == 1.0);
}

}  // namespace lowbit::test

// Rounding problems made from rows, and what every solver of them must do.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/task.h"
#include "doctest/doctest.h"
#include "qmath/quant_params.h"
#include "quantize/rounding_problem.h"
#include "support/buffers.h"
#include "support/check_error.h"
#include "support/must.h"

namespace lowbit::test {

// A problem with the arrays that it refers to.
struct RoundingCase {
  int32_t columns;
  int32_t depth;
  int32_t block_size;
  int32_t qmax;
  std::vector<float> weights;  // [columns][depth]
  std::vector<float> rows;     // x  [row][depth]
  std::vector<float> seen;     // x^ [row][depth]
  std::vector<float> scales;
  std::vector<float> gram;
  std::vector<float> target;

  // One scale per column or block, the largest weight's.
  RoundingCase(int32_t columns_, int32_t depth_, int32_t block, int bits, std::vector<float> w,
               std::vector<float> x, std::vector<float> x_seen)
      : columns(columns_),
        depth(depth_),
        block_size(block),
        qmax(weight_qmax(bits)),
        weights(std::move(w)),
        rows(std::move(x)),
        seen(std::move(x_seen)) {
    for (int32_t c = 0; c < columns; ++c) {
      for (int32_t first = 0; first < depth; first += block_size) {
        float max_abs = 0;
        for (int32_t k = first; k < std::min(first + block_size, depth); ++k) {
          max_abs = std::max(max_abs, std::abs(weights[at(c, k)]));
        }
        scales.push_back(symmetric_params(max_abs, qmax).scale);
      }
    }
    for (int32_t i = 0; i < depth; ++i) {
      for (int32_t j = 0; j < depth; ++j) gram.push_back(mean_product(seen, i, seen, j));
    }
    for (int32_t c = 0; c < columns; ++c) {
      std::vector<double> sums(static_cast<size_t>(depth));
      for (size_t r = 0; r < rows.size(); r += sums.size()) {
        double y = 0;
        for (size_t k = 0; k < sums.size(); ++k) {
          y += double{weights[at(c, 0) + k]} * double{rows[r + k]};
        }
        for (size_t k = 0; k < sums.size(); ++k) sums[k] += y * double{seen[r + k]};
      }
      for (const double sum : sums) {
        target.push_back(static_cast<float>(sum / static_cast<double>(row_count())));
      }
    }
  }

  size_t at(int32_t c, int32_t k) const { return static_cast<size_t>(c * depth + k); }
  int64_t row_count() const { return static_cast<int64_t>(rows.size()) / depth; }
  RoundingProblem problem() const {
    return {columns, depth, block_size, -qmax, qmax, weights, scales, gram, target, row_count()};
  }

 private:
  float mean_product(const std::vector<float>& a, int32_t i, const std::vector<float>& b,
                     int32_t j) const {
    double sum = 0;
    for (size_t r = 0; r < a.size(); r += static_cast<size_t>(depth)) {
      sum += double{a[r + at(0, i)]} * double{b[r + at(0, j)]};
    }
    return static_cast<float>(sum / static_cast<double>(row_count()));
  }
};

// Correlated inputs that are not negative, like activations behind a Relu; x^ is x, or x rounded to
// steps of `step`.
inline RoundingCase random_case(uint64_t seed, int32_t columns, int32_t depth, int bits,
                                int32_t block_size = 0, int64_t row_count = 0, float step = 0) {
  Random random(seed);
  const auto n = static_cast<size_t>(depth);
  if (row_count == 0) row_count = 4 * depth;
  const std::vector<float> mixing = random_floats(random, n * 4, -1.0f, 1.0f);
  std::vector<float> rows;
  std::vector<float> seen;
  for (int64_t r = 0; r < row_count; ++r) {
    const std::vector<float> sources = random_floats(random, 4, -1.0f, 1.0f);
    for (size_t k = 0; k < n; ++k) {
      float x = random.uniform(-0.3f, 0.5f);
      for (size_t s = 0; s < 4; ++s) x += mixing[k * 4 + s] * sources[s];
      x = std::max(x, 0.0f);
      rows.push_back(x);
      seen.push_back(step > 0 ? step * std::nearbyint(x / step) : x);
    }
  }
  return RoundingCase(columns, depth, block_size == 0 ? depth : block_size, bits,
                      random_floats(random, static_cast<size_t>(columns) * n, -1.0f, 1.0f),
                      std::move(rows), std::move(seen));
}

inline double total_loss(const RoundingProblem& problem, std::span<const int8_t> q) {
  double sum = 0;
  const auto depth = static_cast<size_t>(problem.depth);
  for (int32_t c = 0; c < problem.columns; ++c) {
    sum += rounding_loss(problem, c, q.subspan(static_cast<size_t>(c) * depth, depth));
  }
  return sum;
}

using Solver = std::function<Task<std::vector<int8_t>>(const RoundingProblem&)>;

// The solver's loss by that of rounding to nearest. No column may be worse, no integer out of
// range.
inline double loss_ratio(const RoundingProblem& problem, const Solver& solve) {
  const std::vector<int8_t> nearest = round_to_nearest(problem);
  const std::vector<int8_t> q = must(finish(solve(problem)));
  REQUIRE(q.size() == nearest.size());
  CHECK(std::ranges::all_of(q, [&](int x) { return x >= problem.qmin && x <= problem.qmax; }));
  const auto depth = static_cast<size_t>(problem.depth);
  for (int32_t c = 0; c < problem.columns; ++c) {
    const size_t first = static_cast<size_t>(c) * depth;
    CHECK(rounding_loss(problem, c, std::span(q).subspan(first, depth)) <=
          rounding_loss(problem, c, std::span(nearest).subspan(first, depth)));
  }
  return total_loss(problem, q) / total_loss(problem, nearest);
}

// The least loss of one column, of all integers in its range.
inline double least_loss(const RoundingProblem& problem, int32_t column) {
  std::vector<int8_t> q(static_cast<size_t>(problem.depth), static_cast<int8_t>(problem.qmin));
  double least = rounding_loss(problem, column, q);
  for (size_t k = 0; k < q.size();) {  // counts up, with q as its digits
    if (q[k] == problem.qmax) {
      q[k++] = static_cast<int8_t>(problem.qmin);
      continue;
    }
    ++q[k];
    k = 0;
    least = std::min(least, rounding_loss(problem, column, q));
  }
  return least;
}

// Problems at the edge of the definition.
inline void check_degenerate_cases(const Solver& solve) {
  const auto is_nearest = [&](const RoundingCase& it) {
    return must(finish(solve(it.problem()))) == round_to_nearest(it.problem());
  };
  SUBCASE("depth 1: nothing makes good for the only weight") {
    CHECK(is_nearest(RoundingCase(3, 1, 1, 3, {0.9f, -0.4f, 0}, {1, 2}, {1, 2})));
  }
  SUBCASE("one column") { CHECK(loss_ratio(random_case(1, 1, 12, 4).problem(), solve) < 0.9); }
  SUBCASE("weights that are all zero") {
    CHECK(is_nearest(RoundingCase(1, 2, 2, 4, {0, 0}, {1, 2, 3, 1}, {1, 2, 3, 1})));
  }
  SUBCASE("inputs that are all zero") {
    const std::vector<float> zeros(8);
    CHECK(is_nearest(RoundingCase(2, 2, 2, 4, {1, 0.4f, -0.7f, 0.2f}, zeros, zeros)));
  }
  SUBCASE("an input that is always zero: its weights are rounded to nearest") {
    const RoundingCase it(1, 3, 3, 4, {0.31f, 1, 0.55f}, {0, 1, 2, 0, 2, 1}, {0, 1, 2, 0, 2, 1});
    CHECK(must(finish(solve(it.problem())))[0] == round_to_nearest(it.problem())[0]);
  }
  SUBCASE("two inputs that are always equal: H is singular") {
    // Nearest gives 0.45 + 0.4 -> 0 + 0; in steps of 1, one of the two should become 1.
    const RoundingCase it(1, 3, 3, 2, {0.45f, 0.4f, 1}, {1, 1, 0, 2, 2, 1}, {1, 1, 0, 2, 2, 1});
    const std::vector<int8_t> q = must(finish(solve(it.problem())));
    CHECK(q[0] + q[1] == 1);
  }
}

// The problem must be large enough for a pause.
inline void check_pauses_and_cancellation(const RoundingCase& it, const Solver& solve,
                                          std::string_view stage) {
  std::vector<double> fractions;
  const Context context{[&](std::string_view name, double fraction) {
    CHECK(name == stage);
    fractions.push_back(fraction);
    return true;
  }};
  CHECK(must(finish(solve(it.problem()), context)) == must(finish(solve(it.problem()))));
  REQUIRE_FALSE(fractions.empty());
  CHECK(std::ranges::is_sorted(fractions));
  CHECK(fractions.back() <= 1.0);
  check_error(finish(solve(it.problem()), Context{[](std::string_view, double) { return false; }}),
              ErrorCode::kAborted, stage);
}

// FNV-1a, to pin integers that must be the same on every machine.
inline uint32_t hash_of(const std::vector<int8_t>& values) {
  uint32_t hash = 2166136261u;
  for (const int8_t x : values) hash = (hash ^ static_cast<uint8_t>(x)) * 16777619u;
  return hash;
}

}  // namespace lowbit::test

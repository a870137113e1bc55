#include "quantize/gptq.h"

#include "qmath/quantize.h"
#include "unit/quantize/rounding_case.h"

namespace lowbit::test {

namespace {

const Solver kSolve = [](const RoundingProblem& problem) { return gptq(problem); };

using Matrix = std::vector<std::vector<double>>;

// By Gauss and Jordan, without pivoting: for matrices that are positive definite.
Matrix inverse(Matrix a) {
  const size_t n = a.size();
  Matrix b(n, std::vector<double>(n));
  for (size_t i = 0; i < n; ++i) b[i][i] = 1;
  for (size_t i = 0; i < n; ++i) {
    const double pivot = a[i][i];
    for (size_t j = 0; j < n; ++j) {
      a[i][j] /= pivot;
      b[i][j] /= pivot;
    }
    for (size_t r = 0; r < n; ++r) {
      const double factor = a[r][i];
      if (r == i) continue;
      for (size_t j = 0; j < n; ++j) {
        a[r][j] -= factor * a[i][j];
        b[r][j] -= factor * b[i][j];
      }
    }
  }
  return b;
}

// The upper U with a = U' U.
Matrix upper_cholesky(const Matrix& a) {
  const size_t n = a.size();
  Matrix u(n, std::vector<double>(n));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) {
      double sum = a[i][j];
      for (size_t k = 0; k < i; ++k) sum -= u[k][i] * u[k][j];
      u[i][j] = i == j ? std::sqrt(sum) : sum / u[i][i];
    }
  }
  return u;
}

// Algorithm 1 of the paper, word for word but for the blocks, of one column.
std::vector<int8_t> paper_algorithm(const RoundingProblem& problem, int32_t column,
                                    double damping) {
  const auto n = static_cast<size_t>(problem.depth);
  Matrix h(n, std::vector<double>(n));
  double mean = 0;
  for (size_t i = 0; i < n; ++i) mean += double{problem.gram[i * n + i]} / static_cast<double>(n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      h[i][j] = double{problem.gram[i * n + j]} + (i == j ? damping * mean : 0.0);
    }
  }
  const Matrix u = upper_cholesky(inverse(h));
  std::vector<double> w;
  for (size_t k = 0; k < n; ++k) {
    w.push_back(double{problem.weights[static_cast<size_t>(column) * n + k]});
  }
  std::vector<int8_t> q;
  for (size_t k = 0; k < n; ++k) {
    const float scale = problem.scale(column, static_cast<int32_t>(k));
    q.push_back(static_cast<int8_t>(
        quantize(static_cast<float>(w[k]), scale, 0, problem.qmin, problem.qmax)));
    const double error = (w[k] - double{scale} * q.back()) / u[k][k];
    for (size_t j = k + 1; j < n; ++j) w[j] -= error * u[k][j];
  }
  return q;
}

}  // namespace

TEST_CASE("the factor R of H = R' R, and R' g = r, by hand") {
  // R = [2 0 0; 1 3 0; -1 2 1] and g = (1, 2, 3): H = R' R, r = R' g.
  std::vector<double> matrix = {
      1,  6,  0,  0,  //
      12, 1,  13, 0,  //
      3,  -1, 2,  1,
  };
  for (size_t i = 3; i-- > 0;) eliminate_row(matrix, 1, 3, i, 1e-9);
  CHECK(matrix == std::vector<double>{
                      1,
                      2,
                      0,
                      0,  //
                      2,
                      1,
                      3,
                      0,  //
                      3,
                      -1,
                      2,
                      1,
                  });
}

TEST_CASE("a pivot that rounding made negative counts as the least there can be") {
  std::vector<double> matrix = {-1e-12};
  eliminate_row(matrix, 0, 1, 0, 0.25);
  CHECK(matrix == std::vector<double>{0.5});
}

// The optimal brain surgeon: rounding w_0 down by 0.4 moves w_1 by -0.4 [H^-1]_01 / [H^-1]_00,
// with H = [1 1.5; 1.5 3] by 0.4 * 1.5 / 3 = 0.2.
TEST_CASE("the error of one weight moves the next by the optimal brain surgeon's formula") {
  const std::vector<float> gram = {1, 1.5f, 1.5f, 3};
  const std::vector<float> scales = {1};
  const auto solved = [&](float w1) {
    const std::vector<float> weights = {0.4f, w1};
    const std::vector<float> target = {0.4f + 1.5f * w1, 0.6f + 3 * w1};
    const RoundingProblem problem{1, 2, 2, -1, 1, weights, scales, gram, target, 2};
    return must(finish(gptq(problem, {.damping = 1e-9, .by_falling_diagonal = false})));
  };
  CHECK(solved(0.29f) == std::vector<int8_t>{0, 0});
  CHECK(solved(0.31f) == std::vector<int8_t>{0, 1});
}

TEST_CASE("where both models see the same, the integers are those of the paper's algorithm") {
  for (const int bits : {2, 3, 4, 8}) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
      const RoundingCase it = random_case(seed, 3, 24, bits, seed % 2 == 0 ? 24 : 8);
      const RoundingProblem problem = it.problem();
      const std::vector<int8_t> q =
          must(finish(gptq(problem, {.damping = 0.02, .by_falling_diagonal = false})));
      for (int32_t c = 0; c < 3; ++c) {
        std::vector<int8_t> expected = paper_algorithm(problem, c, 0.02);
        keep_better_rounding(problem, c, expected);
        CHECK(std::ranges::equal(expected, std::span(q).subspan(it.at(c, 0), 24)));
      }
    }
  }
}

// The order of the inputs is then that of the problem with its inputs sorted.
TEST_CASE("inputs with large values come first") {
  RoundingCase it = random_case(3, 2, 6, 3);
  const RoundingProblem problem = it.problem();
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
  std::ranges::sort(order, std::greater(), [&](size_t k) { return problem.gram[k * 6 + k]; });
  REQUIRE(order != std::vector<size_t>{0, 1, 2, 3, 4, 5});
  const auto permuted = [&](const std::vector<float>& values) {
    std::vector<float> result;
    for (size_t r = 0; r < values.size(); r += 6) {
      for (const size_t k : order) result.push_back(values[r + k]);
    }
    return result;
  };
  const RoundingCase sorted(2, 6, 6, 3, permuted(it.weights), permuted(it.rows), permuted(it.rows));
  const std::vector<int8_t> q = must(finish(gptq(problem)));
  const std::vector<int8_t> by_hand =
      must(finish(gptq(sorted.problem(), {.by_falling_diagonal = false})));
  for (size_t c = 0; c < 2; ++c) {
    for (size_t k = 0; k < 6; ++k) CHECK(q[c * 6 + order[k]] == by_hand[c * 6 + k]);
  }
}

TEST_CASE("of few weights the integers are near the best there are") {
  double best = 0;
  double found = 0;
  double nearest = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const RoundingCase it = random_case(seed, 1, 6, 3, 0, 64, 0.25f);
    const RoundingProblem problem = it.problem();
    const double least = least_loss(problem, 0);
    const double loss = total_loss(problem, must(finish(gptq(problem))));
    CHECK(loss >= least);
    best += least;
    found += loss;
    nearest += total_loss(problem, round_to_nearest(problem));
  }
  CHECK(found - best < 0.25 * (nearest - best));
}

TEST_CASE("GPTQ beats rounding to nearest clearly at 2, 3 and 4 bits") {
  for (const int bits : {2, 3, 4}) {
    CAPTURE(bits);
    CHECK(loss_ratio(random_case(11, 16, 72, bits).problem(), kSolve) < 0.5);
    CHECK(loss_ratio(random_case(12, 16, 72, bits, 32).problem(), kSolve) < 0.5);
  }
}

TEST_CASE("weights make good for inputs that the quantized model has wrong") {
  // x^ is coarse, so there is something to gain below zero loss, that of the exact weights.
  const RoundingCase it = random_case(13, 8, 48, 4, 0, 400, 0.5f);
  CHECK(total_loss(it.problem(), must(finish(gptq(it.problem())))) < 0);
  CHECK(total_loss(it.problem(), round_to_nearest(it.problem())) > 0);
}

TEST_CASE("few rows are damped more") {
  const RoundingCase it = random_case(14, 4, 32, 3, 0, 8);
  const RoundingProblem few = it.problem();
  RoundingProblem many = few;
  many.rows = 32;
  const GptqOptions options{.damping = 0.01, .damping_of_few_rows = 1.0};
  CHECK(must(finish(gptq(few, options))) == must(finish(gptq(many, {.damping = 1.0}))));
  CHECK(must(finish(gptq(few, options))) != must(finish(gptq(many, options))));
}

TEST_CASE("GPTQ of problems at the edge") { check_degenerate_cases(kSolve); }

TEST_CASE("GPTQ pauses, and can be cancelled") {
  check_pauses_and_cancellation(random_case(16, 128, 256, 4, 0, 64), kSolve, "gptq");
  ;
}

TEST_CASE("GPTQ gives the same integers on every machine") {
  CHECK(hash_of(must(finish(gptq(random_case(15, 16, 64, 3, 32, 0, 0.1f).problem())))) ==
        1000790139u);
}

}  // namespace lowbit::test

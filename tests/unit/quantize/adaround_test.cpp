#include "quantize/adaround.h"

#include "unit/quantize/rounding_case.h"

namespace lowbit::test {

namespace {

const Solver kSolve = [](const RoundingProblem& problem) { return adaround(problem); };

// What adaround() minimizes, in double precision and straight from the definition.
double soft_loss(const RoundingProblem& problem, std::span<const double> v, double regularization,
                 int beta) {
  const auto depth = static_cast<size_t>(problem.depth);
  double total = 0;
  for (int32_t c = 0; c < problem.columns; ++c) {
    const size_t first = static_cast<size_t>(c) * depth;
    std::vector<double> rounded;
    double step_loss = 0;
    for (size_t k = 0; k < depth; ++k) {
      const float step = problem.scale(c, static_cast<int32_t>(k));
      // In float32, where the largest weight is a whole number of steps.
      const double floor = double{std::floor(problem.weights[first + k] / step)};
      const double scale = double{step};
      const double sigmoid = 1 / (1 + std::exp(-v[first + k]));
      const double h = std::clamp(1.2 * sigmoid - 0.1, 0.0, 1.0);
      rounded.push_back(scale * (std::min(floor, problem.qmax - 1.0) + h));
      total += regularization * (1 - std::pow(std::abs(2 * h - 1), beta));
      step_loss += scale * scale * double{problem.gram[k * depth + k]} / problem.depth;
    }
    double loss = 0;
    for (size_t i = 0; i < depth; ++i) {
      for (size_t j = 0; j < depth; ++j) {
        loss += rounded[i] * double{problem.gram[i * depth + j]} * rounded[j];
      }
      loss -= 2 * rounded[i] * double{problem.target[first + i]};
    }
    total += loss / step_loss;
  }
  return total;
}

}  // namespace

// A central difference with step 1e-4 leaves some 1e-8 of the third derivative; the gradient is in
// float32, of sums whose terms are below 10: 72 * 10 * 2^-24 < 1e-4.
TEST_CASE("the gradient of the relaxed problem is that of finite differences") {
  const RoundingCase it = random_case(1, 3, 24, 3, 16, 60, 0.2f);
  const RoundingProblem problem = it.problem();
  const std::shared_ptr<Buffer> packed = must(pack_gram(problem));
  for (const auto& [regularization, beta] :
       {std::pair(0.0f, 20), {0.5f, 20}, {2.0f, 7}, {1.0f, 2}}) {
    SoftRounding soft(problem, *packed);
    Random random(2);
    // Beyond 2.398 on either side h is 0 or 1, and flat; 2.35 to 2.45 is the corner.
    std::vector<double> v;
    for (size_t i = 0; i < it.weights.size(); ++i) {
      float& variable = soft.variable(i);
      variable = random.uniform(-4.0f, 4.0f);
      if (std::abs(std::abs(variable) - 2.4f) < 0.05f) variable = 0.5f;
      v.push_back(double{variable});
    }
    const std::span<const float> gradient = soft.gradient(regularization, beta);
    for (size_t i = 0; i < v.size(); ++i) {
      constexpr double kStep = 1e-4;
      const double at = v[i];
      v[i] = at + kStep;
      const double above = soft_loss(problem, v, double{regularization}, beta);
      v[i] = at - kStep;
      const double below = soft_loss(problem, v, double{regularization}, beta);
      v[i] = at;
      const double expected = (above - below) / (2 * kStep);
      CHECK(std::abs(double{gradient[i]} - expected) < 1e-4);
    }
  }
}

TEST_CASE("the relaxed problem starts at the weights as they are") {
  const RoundingCase it = random_case(2, 2, 16, 4);
  const RoundingProblem problem = it.problem();
  const std::shared_ptr<Buffer> packed = must(pack_gram(problem));
  SoftRounding soft(problem, *packed);
  for (int32_t c = 0; c < 2; ++c) {
    for (int32_t k = 0; k < 16; ++k) {
      const double steps = double{it.weights[it.at(c, k)]} / double{problem.scale(c, k)};
      const double v = double{soft.variable(it.at(c, k))};
      const double h = 1.2 / (1 + std::exp(-v)) - 0.1;
      // Of the last weight below qmax the next integer is qmax.
      const double floor = std::min(std::floor(steps), 6.0);
      CHECK(floor + h == doctest::Approx(steps).epsilon(1e-5));
    }
  }
  // Hence it rounds to nearest there.
  std::vector<int8_t> q(it.weights.size());
  soft.round(q);
  CHECK(q == round_to_nearest(problem));
}

// Weights beyond the range, as a clipping scale leaves them.
TEST_CASE("clipped weights stay within the range") {
  RoundingCase it = random_case(3, 4, 20, 3);
  for (float& scale : it.scales) scale *= 0.5f;
  CHECK(loss_ratio(it.problem(), kSolve) < 1.0);
}

TEST_CASE("of few weights the integers are near the best there are") {
  double best = 0;
  double found = 0;
  double nearest = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const RoundingCase it = random_case(seed, 1, 6, 3, 0, 64, 0.25f);
    const RoundingProblem problem = it.problem();
    const double least = least_loss(problem, 0);
    const double loss = total_loss(problem, must(finish(adaround(problem))));
    CHECK(loss >= least);
    best += least;
    found += loss;
    nearest += total_loss(problem, round_to_nearest(problem));
  }
  CHECK(found - best < 0.25 * (nearest - best));
}

TEST_CASE("AdaRound beats rounding to nearest clearly at 2, 3 and 4 bits") {
  for (const int bits : {2, 3, 4}) {
    CAPTURE(bits);
    CHECK(loss_ratio(random_case(11, 16, 72, bits).problem(), kSolve) < 0.5);
    CHECK(loss_ratio(random_case(12, 16, 72, bits, 32).problem(), kSolve) < 0.5);
  }
}

TEST_CASE("one set of options fits inputs and weights of any size") {
  RoundingCase it = random_case(13, 4, 36, 4);
  const std::vector<int8_t> q = must(finish(adaround(it.problem())));
  for (float& h : it.gram) h *= 0x1p20f;
  for (float& w : it.weights) w *= 0x1p-30f;
  for (float& s : it.scales) s *= 0x1p-30f;
  for (float& t : it.target) t *= 0x1p-10f;
  CHECK(must(finish(adaround(it.problem()))) == q);
}

TEST_CASE("a column is rounded alike, whatever the others are") {
  const RoundingCase it = random_case(14, 7, 30, 3);
  const std::vector<int8_t> q = must(finish(adaround(it.problem())));
  const std::vector<int8_t> part = must(finish(adaround(it.problem().slice(2, 3))));
  CHECK(std::ranges::equal(part, std::span(q).subspan(60, 90)));
}

TEST_CASE("AdaRound of problems at the edge") { check_degenerate_cases(kSolve); }

TEST_CASE("AdaRound pauses, and can be cancelled") {
  check_pauses_and_cancellation(random_case(16, 24, 128, 4, 0, 64), kSolve, "adaround");
}

TEST_CASE("AdaRound gives the same integers on every machine") {
  CHECK(hash_of(must(finish(adaround(random_case(15, 16, 64, 3, 32, 0, 0.1f).problem())))) ==
        946884768u);
}

}  // namespace lowbit::test

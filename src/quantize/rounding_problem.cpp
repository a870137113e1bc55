#include "quantize/rounding_problem.h"

#include <algorithm>

#include "qmath/quantize.h"

namespace lowbit {

namespace {

constexpr int64_t kWorkBetweenPauses = int64_t{1} << 23;

size_t index(int64_t i) { return static_cast<size_t>(i); }

std::span<const float> row(std::span<const float> matrix, int32_t i, int32_t width) {
  return matrix.subspan(index(int64_t{i} * width), index(width));
}

// y += x H.
void add_gram_product(const RoundingProblem& problem, std::span<const double> x,
                      std::span<double> y) {
  for (int32_t k = 0; k < problem.depth; ++k) {
    const std::span<const float> h = row(problem.gram, k, problem.depth);
    const double factor = x[index(k)];
    for (size_t i = 0; i < y.size(); ++i) y[i] += factor * static_cast<double>(h[i]);
  }
}

}  // namespace

float RoundingProblem::scale(int32_t column, int32_t k) const {
  const int32_t blocks = (depth + block_size - 1) / block_size;
  return scales[index(int64_t{column} * blocks + k / block_size)];
}

RoundingProblem RoundingProblem::slice(int32_t first, int32_t count) const {
  const auto part = [&](std::span<const float> values) {
    const size_t width = values.size() / index(columns);
    return values.subspan(index(first) * width, index(count) * width);
  };
  RoundingProblem result = *this;
  result.columns = count;
  result.weights = part(weights);
  result.scales = part(scales);
  result.target = part(target);
  return result;
}

std::vector<double> rounding_residual(const RoundingProblem& problem, int32_t column) {
  const std::span<const float> weights = row(problem.weights, column, problem.depth);
  const std::span<const float> target = row(problem.target, column, problem.depth);
  std::vector<double> minus_w(weights.size());
  std::vector<double> residual(weights.size());
  for (size_t k = 0; k < weights.size(); ++k) {
    minus_w[k] = -static_cast<double>(weights[k]);
    residual[k] = static_cast<double>(target[k]);
  }
  add_gram_product(problem, minus_w, residual);
  return residual;
}

// e H e' - 2 e (t - w H)' = e (H (w^ + w)' - 2 t'), as e + 2 w = w^ + w.
double rounding_loss(const RoundingProblem& problem, int32_t column, std::span<const int8_t> q) {
  const std::span<const float> weights = row(problem.weights, column, problem.depth);
  const std::span<const float> target = row(problem.target, column, problem.depth);
  std::vector<double> sum(q.size());
  std::vector<double> error(q.size());
  std::vector<double> slope(q.size());
  for (size_t k = 0; k < q.size(); ++k) {
    const double w = static_cast<double>(weights[k]);
    const double rounded =
        static_cast<double>(problem.scale(column, static_cast<int32_t>(k))) * q[k];
    sum[k] = rounded + w;
    error[k] = rounded - w;
    slope[k] = -2 * static_cast<double>(target[k]);
  }
  add_gram_product(problem, sum, slope);
  double loss = 0;
  for (size_t k = 0; k < q.size(); ++k) loss += error[k] * slope[k];
  return loss;
}

void round_to_nearest(const RoundingProblem& problem, int32_t column, std::span<int8_t> q) {
  const std::span<const float> weights = row(problem.weights, column, problem.depth);
  for (int32_t k = 0; k < problem.depth; ++k) {
    q[index(k)] = static_cast<int8_t>(
        quantize(weights[index(k)], problem.scale(column, k), 0, problem.qmin, problem.qmax));
  }
}

std::vector<int8_t> round_to_nearest(const RoundingProblem& problem) {
  std::vector<int8_t> q(problem.weights.size());
  const size_t depth = index(problem.depth);
  for (int32_t c = 0; c < problem.columns; ++c) {
    round_to_nearest(problem, c, std::span(q).subspan(index(c) * depth, depth));
  }
  return q;
}

void keep_better_rounding(const RoundingProblem& problem, int32_t column, std::span<int8_t> q) {
  std::vector<int8_t> nearest(q.size());
  round_to_nearest(problem, column, nearest);
  if (rounding_loss(problem, column, nearest) < rounding_loss(problem, column, q)) {
    std::ranges::copy(nearest, q.begin());
  }
}

bool WorkMeter::add(int64_t multiply_adds) {
  done_ += static_cast<double>(multiply_adds);
  since_pause_ += multiply_adds;
  if (since_pause_ < kWorkBetweenPauses) return false;
  since_pause_ = 0;
  return true;
}

double WorkMeter::fraction() const { return std::min(done_ / total_, 1.0); }

}  // namespace lowbit

#include "quantize/adaround.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "qmath/exp_f32.h"

namespace lowbit {

namespace {

constexpr float kZeta = 1.1f;
constexpr float kGamma = -0.1f;
constexpr float kMomentum = 0.9f;
constexpr float kSquareMomentum = 0.999f;
constexpr float kEpsilon = 1e-8f;
// Added to both moments at each step. Those of a V that rests would fall to numbers too small to be
// normal, with which processors are slow by a factor of ten or more.
constexpr float kTiny = 1e-30f;

// Columns that are relaxed together: those whose product with H takes a few milliseconds.
constexpr int64_t kBlockProducts = int64_t{1} << 23;
// What an element costs an iteration besides its products, in products.
constexpr int64_t kElementCost = 64;

struct Sigmoid {
  float value;
  float slope;
};

Sigmoid sigmoid(float v) {
  const float small = exp_nonpositive_f32(-std::abs(v));
  const float inverse = 1.0f / (1.0f + small);
  return {(v < 0.0f ? small : 1.0f) * inverse, small * inverse * inverse};
}

// V with h(V) = h, 0 <= h <= 1, by Newton's method: the logarithms of two C libraries may differ.
float inverse_rectified_sigmoid(float h) {
  const float value = (h - kGamma) / (kZeta - kGamma);
  float v = 0.0f;
  for (int i = 0; i < 6; ++i) {
    const Sigmoid at = sigmoid(v);
    v += (value - at.value) / at.slope;
  }
  return v;
}

// x^n, 0 <= n < 32, without a branch, so that a loop over x becomes SIMD.
float power(float x, int32_t n) {
  const float x2 = x * x;
  const float x4 = x2 * x2;
  const float x8 = x4 * x4;
  const float low = ((n & 1) != 0 ? x : 1.0f) * ((n & 2) != 0 ? x2 : 1.0f);
  const float high = ((n & 4) != 0 ? x4 : 1.0f) * ((n & 8) != 0 ? x8 : 1.0f);
  return low * high * ((n & 16) != 0 ? x8 * x8 : 1.0f);
}

}  // namespace

Result<std::shared_ptr<Buffer>> pack_gram(const RoundingProblem& problem) {
  LOWBIT_ASSIGN(std::shared_ptr<Buffer> packed,
                Buffer::allocate(kernels::packed_matmul_f32_bytes(Tier::kSimd128, problem.depth, 1,
                                                                  problem.depth)));
  kernels::kSimd128Table.pack_matmul_f32({.weights = problem.gram.data(),
                                          .columns = problem.depth,
                                          .depth = problem.depth,
                                          .packed = packed->data()});
  return packed;
}

SoftRounding::SoftRounding(const RoundingProblem& problem, std::shared_ptr<Buffer> packed_gram)
    : problem_(problem),
      packed_gram_(std::move(packed_gram)),
      words_(kernels::word_offsets(kernels::kOnePiece, problem.depth, sizeof(float))) {
  const auto depth = static_cast<size_t>(problem.depth);
  const size_t count = problem.weights.size();
  for (auto* values : {&variables_, &floor_error_, &scale_, &gain_, &residual_, &rounding_, &slope_,
                       &gradient_, &first_moment_, &second_moment_}) {
    values->resize(count);
  }
  error_.resize(count + Buffer::kSlackBytes / sizeof(float));
  floor_.resize(count);
  for (int32_t c = 0; c < problem.columns; ++c) {
    const size_t first = static_cast<size_t>(c) * depth;
    const std::vector<double> residual = rounding_residual(problem, c);
    double step_loss = 0;
    for (size_t k = 0; k < depth; ++k) {
      const size_t i = first + k;
      const float scale = problem.scale(c, static_cast<int32_t>(k));
      const float w = problem.weights[i];
      const float floor = std::clamp(std::floor(w / scale), static_cast<float>(problem.qmin),
                                     static_cast<float>(problem.qmax - 1));
      floor_[i] = static_cast<int8_t>(floor);
      floor_error_[i] = scale * floor - w;
      scale_[i] = scale;
      residual_[i] = static_cast<float>(residual[k]);
      variables_[i] = inverse_rectified_sigmoid(std::clamp(w / scale - floor, 0.0f, 1.0f));
      const double s = static_cast<double>(scale);
      step_loss += s * s * static_cast<double>(problem.gram[k * depth + k]);
    }
    const double normalization = step_loss > 0 ? 2.0 * problem.depth / step_loss : 0.0;
    for (size_t i = first; i < first + depth; ++i) {
      gain_[i] = static_cast<float>(normalization * static_cast<double>(scale_[i]));
    }
  }
}

std::span<const float> SoftRounding::gradient(float regularization, int32_t beta) {
  const size_t count = variables_.size();
  for (size_t i = 0; i < count; ++i) {
    const Sigmoid at = sigmoid(variables_[i]);
    const float stretched = (kZeta - kGamma) * at.value + kGamma;
    const float h = std::min(std::max(stretched, 0.0f), 1.0f);
    rounding_[i] = h;
    slope_[i] = h == stretched ? (kZeta - kGamma) * at.slope : 0.0f;
    error_[i] = floor_error_[i] + scale_[i] * h;
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  kernels::kSimd128Table.matmul_f32({.rows = {.a = error_.data(),
                                              .count = problem_.columns,
                                              .depth = problem_.depth,
                                              .row_stride = problem_.depth,
                                              .words = words_.data()},
                                     .packed = packed_gram_->data(),
                                     .columns = problem_.depth,
                                     .c = gradient_.data(),
                                     .c_stride = problem_.depth,
                                     .min = -kInfinity,
                                     .max = kInfinity});
  const float strength = 2.0f * static_cast<float>(beta) * regularization;
  for (size_t i = 0; i < count; ++i) {
    const float from_half = 2.0f * rounding_[i] - 1.0f;
    const float pull = std::copysign(power(std::abs(from_half), beta - 1), from_half);
    gradient_[i] = (gain_[i] * (gradient_[i] - residual_[i]) - strength * pull) * slope_[i];
  }
  return gradient_;
}

void SoftRounding::step(float rate, float regularization, int32_t beta) {
  const std::span<const float> g = gradient(regularization, beta);
  decay1_ *= static_cast<double>(kMomentum);
  decay2_ *= static_cast<double>(kSquareMomentum);
  const auto first_rate = static_cast<float>(static_cast<double>(rate) / (1.0 - decay1_));
  const auto correction = static_cast<float>(1.0 / (1.0 - decay2_));
  for (size_t i = 0; i < g.size(); ++i) {
    const float m = kMomentum * first_moment_[i] + (1.0f - kMomentum) * g[i] + kTiny;
    const float s =
        kSquareMomentum * second_moment_[i] + (1.0f - kSquareMomentum) * g[i] * g[i] + kTiny;
    first_moment_[i] = m;
    second_moment_[i] = s;
    variables_[i] -= first_rate * m / (std::sqrt(s * correction) + kEpsilon);
  }
}

std::vector<int8_t> SoftRounding::integers() const {
  std::vector<int8_t> result(floor_);
  // h(V) is at least 1/2 where V is not negative.
  for (size_t i = 0; i < result.size(); ++i) {
    if (variables_[i] >= 0.0f) ++result[i];
  }
  return result;
}

Task<std::vector<int8_t>> adaround(RoundingProblem problem, AdaroundOptions options) {
  const auto depth = static_cast<size_t>(problem.depth);
  const int64_t column_cost = int64_t{problem.depth} * (problem.depth + kElementCost);
  const auto block =
      static_cast<int32_t>(std::clamp<int64_t>(kBlockProducts / column_cost, 1, problem.columns));
  const auto warm_up =
      static_cast<int32_t>(options.warm_up * static_cast<float>(options.iterations));
  WorkMeter meter(static_cast<double>(column_cost) * problem.columns * options.iterations);
  LOWBIT_CO_ASSIGN(const std::shared_ptr<Buffer> packed, pack_gram(problem));
  std::vector<int8_t> result;
  for (int32_t first = 0; first < problem.columns; first += block) {
    const RoundingProblem part = problem.slice(first, std::min(block, problem.columns - first));
    SoftRounding soft(part, packed);
    for (int32_t i = 0; i < options.iterations; ++i) {
      float regularization = 0;
      int32_t beta = options.first_beta;
      if (i >= warm_up) {
        regularization = options.regularization;
        beta -= (options.first_beta - options.last_beta + 1) * (i - warm_up) /
                (options.iterations - warm_up);
      }
      soft.step(options.rate, regularization, beta);
      if (meter.add(column_cost * part.columns)) co_yield Progress{"adaround", meter.fraction()};
    }
    std::vector<int8_t> integers = soft.integers();
    for (int32_t c = 0; c < part.columns; ++c) {
      keep_better_rounding(part, c,
                           std::span(integers).subspan(static_cast<size_t>(c) * depth, depth));
      if (meter.add(column_cost)) co_yield Progress{"adaround", meter.fraction()};
    }
    result.insert(result.end(), integers.begin(), integers.end());
  }
  co_return std::move(result);
}

}  // namespace lowbit

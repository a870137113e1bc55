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
constexpr int64_t kBlockProducts = int64_t{1} << 22;
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

float power(float x, int32_t n) {
  float result = 1.0f;
  for (; n > 0; n /= 2) {
    if (n % 2 != 0) result *= x;
    x *= x;
  }
  return result;
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

SoftRounding::SoftRounding(const RoundingProblem& problem, const Buffer& packed_gram)
    : problem_(problem),
      packed_gram_(packed_gram),
      words_(kernels::word_offsets(kernels::kOnePiece, problem.depth, sizeof(float))),
      weights_(problem.weights.size()),
      error_(weights_.size() + Buffer::kSlackBytes / sizeof(float)),
      gradient_(weights_.size()) {
  const auto depth = static_cast<size_t>(problem.depth);
  for (int32_t c = 0; c < problem.columns; ++c) {
    const size_t first = static_cast<size_t>(c) * depth;
    const std::vector<double> residual = rounding_residual(problem, c);
    double step_loss = 0;
    for (size_t k = 0; k < depth; ++k) {
      Weight& weight = weights_[first + k];
      const float w = problem.weights[first + k];
      weight.scale = problem.scale(c, static_cast<int32_t>(k));
      const float floor = std::clamp(std::floor(w / weight.scale), static_cast<float>(problem.qmin),
                                     static_cast<float>(problem.qmax - 1));
      weight.floor = static_cast<int8_t>(floor);
      weight.floor_error = weight.scale * floor - w;
      weight.residual = static_cast<float>(residual[k]);
      weight.v = inverse_rectified_sigmoid(std::clamp(w / weight.scale - floor, 0.0f, 1.0f));
      const auto scale = static_cast<double>(weight.scale);
      step_loss += scale * scale * static_cast<double>(problem.gram[k * depth + k]);
    }
    const double normalization = step_loss > 0 ? 2.0 * problem.depth / step_loss : 0.0;
    for (Weight& weight : std::span(weights_).subspan(first, depth)) {
      weight.gain = static_cast<float>(normalization * static_cast<double>(weight.scale));
    }
  }
}

std::span<const float> SoftRounding::gradient(float regularization, int32_t beta) {
  for (size_t i = 0; i < weights_.size(); ++i) {
    Weight& weight = weights_[i];
    const Sigmoid at = sigmoid(weight.v);
    const float stretched = (kZeta - kGamma) * at.value + kGamma;
    weight.h = std::clamp(stretched, 0.0f, 1.0f);
    weight.slope = weight.h == stretched ? (kZeta - kGamma) * at.slope : 0.0f;
    error_[i] = weight.floor_error + weight.scale * weight.h;
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  kernels::kSimd128Table.matmul_f32({.rows = {.a = error_.data(),
                                              .count = problem_.columns,
                                              .depth = problem_.depth,
                                              .row_stride = problem_.depth,
                                              .words = words_.data()},
                                     .packed = packed_gram_.data(),
                                     .columns = problem_.depth,
                                     .c = gradient_.data(),
                                     .c_stride = problem_.depth,
                                     .min = -kInfinity,
                                     .max = kInfinity});
  const float strength = 2.0f * static_cast<float>(beta) * regularization;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const Weight& weight = weights_[i];
    const float from_half = 2.0f * weight.h - 1.0f;
    const float pull = std::copysign(power(std::abs(from_half), beta - 1), from_half);
    gradient_[i] =
        (weight.gain * (gradient_[i] - weight.residual) - strength * pull) * weight.slope;
  }
  return gradient_;
}

void SoftRounding::step(float rate, float regularization, int32_t beta) {
  gradient(regularization, beta);
  decay1_ *= static_cast<double>(kMomentum);
  decay2_ *= static_cast<double>(kSquareMomentum);
  const auto corrected_rate = static_cast<float>(static_cast<double>(rate) / (1.0 - decay1_));
  const auto correction = static_cast<float>(1.0 / (1.0 - decay2_));
  for (size_t i = 0; i < weights_.size(); ++i) {
    Weight& weight = weights_[i];
    const float g = gradient_[i];
    float& m = weight.first_moment;
    float& s = weight.second_moment;
    m = kMomentum * m + (1.0f - kMomentum) * g + kTiny;
    s = kSquareMomentum * s + (1.0f - kSquareMomentum) * g * g + kTiny;
    weight.v -= corrected_rate * m / (std::sqrt(s * correction) + kEpsilon);
  }
}

void SoftRounding::round(std::span<int8_t> q) const {
  // h(V) is at least 1/2 where V is not negative.
  for (size_t i = 0; i < weights_.size(); ++i) {
    q[i] = static_cast<int8_t>(weights_[i].floor + (weights_[i].v >= 0.0f ? 1 : 0));
  }
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
  std::vector<int8_t> result(problem.weights.size());
  for (int32_t first = 0; first < problem.columns; first += block) {
    const RoundingProblem part = problem.slice(first, std::min(block, problem.columns - first));
    const std::span<int8_t> integers =
        std::span(result).subspan(static_cast<size_t>(first) * depth, part.weights.size());
    SoftRounding soft(part, *packed);
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
    soft.round(integers);
    for (int32_t c = 0; c < part.columns; ++c) {
      keep_better_rounding(part, c, integers.subspan(static_cast<size_t>(c) * depth, depth));
      if (meter.add(column_cost)) co_yield Progress{"adaround", meter.fraction()};
    }
  }
  co_return std::move(result);
}

}  // namespace lowbit

#include "train/optimizer.h"

#include <cmath>

namespace lowbit {

namespace {

// [0, 1): a fraction that never keeps everything.
bool is_decay_rate(float x) { return x >= 0.0f && x < 1.0f; }

Status require(bool holds, const char* rule, const char* field) {
  if (holds) return success();
  return make_error(ErrorCode::kInvalidArgument, rule, field);
}

}  // namespace

Status validate_optimizer(const OptimizerOptions& options) {
  LOWBIT_TRY(require(is_decay_rate(options.momentum), "must be in [0, 1)", "momentum"));
  LOWBIT_TRY(require(is_decay_rate(options.beta1), "must be in [0, 1)", "beta1"));
  LOWBIT_TRY(require(is_decay_rate(options.beta2), "must be in [0, 1)", "beta2"));
  LOWBIT_TRY(require(options.epsilon > 0.0f && std::isfinite(options.epsilon),
                     "must be positive and finite", "epsilon"));
  return require(options.weight_decay >= 0.0f && std::isfinite(options.weight_decay),
                 "must be finite and not negative", "weight_decay");
}

void sgd_update(std::span<float> weights, std::span<const float> gradient,
                std::span<float> velocity, float rate, float momentum, float decay) {
  for (size_t i = 0; i < weights.size(); ++i) {
    velocity[i] = momentum * velocity[i] + gradient[i] + decay * weights[i];
    weights[i] -= rate * velocity[i];
  }
}

void adamw_update(std::span<float> weights, std::span<const float> gradient,
                  std::span<float> first_moment, std::span<float> second_moment, int64_t step,
                  float rate, const OptimizerOptions& options, float decay) {
  const float beta1 = options.beta1;
  const float beta2 = options.beta2;
  const auto t = static_cast<double>(step);
  const auto correction1 = static_cast<float>(1.0 / (1.0 - std::pow(double{beta1}, t)));
  const auto correction2 = static_cast<float>(1.0 / (1.0 - std::pow(double{beta2}, t)));
  for (size_t i = 0; i < weights.size(); ++i) {
    const float g = gradient[i];
    first_moment[i] = beta1 * first_moment[i] + (1.0f - beta1) * g;
    second_moment[i] = beta2 * second_moment[i] + (1.0f - beta2) * g * g;
    const float deviation = std::sqrt(second_moment[i] * correction2) + options.epsilon;
    weights[i] -= rate * (first_moment[i] * correction1 / deviation + decay * weights[i]);
  }
}

}  // namespace lowbit

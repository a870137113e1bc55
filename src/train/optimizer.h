// Updates of one parameter tensor from its gradient. Both decay the weights; lambda = weight_decay.
//
//   SGD     v = momentum * v + g + lambda * w;  w -= rate * v                         (Sutskever et
//   al. 2013, as in PyTorch) AdamW   m = beta1 * m + (1 - beta1) * g;    v = beta2 * v + (1 -
//   beta2) * g^2
//           w -= rate * (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + lambda * w)
//                                        (Kingma and Ba 2015; decoupled decay: Loshchilov and
//                                        Hutter 2019)
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace lowbit {

enum class OptimizerKind : uint8_t { kSgd, kAdamW };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  float momentum = 0.9f;  // SGD
  float beta1 = 0.9f;     // AdamW
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  float weight_decay = 0;  // on weights; never on biases and batch normalization
};

// Errors: kInvalidArgument; `where` names the field.
Status validate_optimizer(const OptimizerOptions& options);

// All spans have the parameter's size. `decay` is the weight decay to use for it.
void sgd_update(std::span<float> weights, std::span<const float> gradient,
                std::span<float> velocity, float rate, float momentum, float decay);

// `step` counts from 1.
void adamw_update(std::span<float> weights, std::span<const float> gradient,
                  std::span<float> first_moment, std::span<float> second_moment, int64_t step,
                  float rate, const OptimizerOptions& options, float decay);

}  // namespace lowbit

// Softmax cross-entropy with label smoothing (Szegedy et al. 2016, section 7), averaged over the
// batch of n:
//
//   target t[k] = smoothing / classes + (1 - smoothing) * [k == label]
//   L = -1/n sum_i sum_k t[i, k] * log softmax(z[i])[k]        dL/dz = (softmax(z) - t) / n
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace lowbit {

struct LossResult {
  double loss = 0;      // the mean over the batch; NaN or infinite when the logits are
  int64_t correct = 0;  // rows whose largest logit is the label's
};

// `logits` is [labels.size()][classes]; `gradient`, of the same size, receives dL/dlogits. Every
// label is in [0, classes).
LossResult softmax_cross_entropy(std::span<const float> logits, std::span<const int32_t> labels,
                                 float smoothing, std::span<float> gradient);

// Errors: kInvalidArgument names the first label outside [0, classes).
Status check_labels(std::span<const int32_t> labels, int64_t classes);

}  // namespace lowbit

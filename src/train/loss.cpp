#include "train/loss.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace lowbit {

LossResult softmax_cross_entropy(std::span<const float> logits, std::span<const int32_t> labels,
                                 float smoothing, std::span<float> gradient) {
  const size_t samples = labels.size();
  const size_t classes = logits.size() / samples;
  const double even = double{smoothing} / static_cast<double>(classes);
  const double share = 1.0 / static_cast<double>(samples);
  LossResult result;
  for (size_t i = 0; i < samples; ++i) {
    const std::span<const float> z = logits.subspan(i * classes, classes);
    const std::span<float> dz = gradient.subspan(i * classes, classes);
    const auto label = static_cast<size_t>(labels[i]);
    const auto largest = std::max_element(z.begin(), z.end());
    if (static_cast<size_t>(largest - z.begin()) == label) ++result.correct;
    const double shift = double{*largest};
    double sum = 0;
    for (const float logit : z) sum += std::exp(double{logit} - shift);
    const double log_sum = std::log(sum) + shift;
    double row_loss = 0;
    for (size_t k = 0; k < classes; ++k) {
      const double target = even + (k == label ? 1.0 - double{smoothing} : 0.0);
      const double log_probability = double{z[k]} - log_sum;
      row_loss -= target * log_probability;
      dz[k] = static_cast<float>((std::exp(log_probability) - target) * share);
    }
    result.loss += row_loss * share;
  }
  return result;
}

Status check_labels(std::span<const int32_t> labels, int64_t classes) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      return make_error(
          ErrorCode::kInvalidArgument,
          format_text("label {} of sample {} is not in 0..{}", labels[i], i, classes - 1),
          "labels");
    }
  }
  return success();
}

}  // namespace lowbit

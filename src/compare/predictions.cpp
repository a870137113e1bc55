#include "compare/predictions.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "compare/metrics.h"
#include "qmath/exp.h"
#include "qmath/log.h"

namespace lowbit {

Result<Predictions> predict(std::span<const Tensor> outputs, const char* model) {
  if (outputs.empty() || outputs[0].dtype() != DType::kF32 || outputs[0].shape().rank() != 2 ||
      outputs[0].shape()[1] < 1) {
    return make_error(ErrorCode::kShapeMismatch,
                      "the first output must be float32 [samples, classes] to be compared", model);
  }
  Predictions result;
  const auto logits = outputs[0].data<float>();
  result.class_count = outputs[0].shape()[1];
  const auto width = static_cast<size_t>(result.class_count);
  for (size_t start = 0; start < logits.size(); start += width) {
    const auto row = logits.subspan(start, width);
    const int32_t best = argmax(row);
    float second = -std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < width; ++i) {
      if (static_cast<int32_t>(i) != best) second = std::max(second, row[i]);
    }
    result.classes.push_back(best);
    result.margins.push_back(width > 1 ? row[static_cast<size_t>(best)] - second : 0.0f);
  }
  return result;
}

Status check_labels(std::span<const int32_t> labels, const Predictions& predictions) {
  if (labels.empty()) return success();
  if (labels.size() != predictions.classes.size()) {
    return make_error(
        ErrorCode::kShapeMismatch,
        format_text("{} labels for {} samples", labels.size(), predictions.classes.size()),
        "labels");
  }
  for (const int32_t label : labels) {
    if (label < 0 || label >= predictions.class_count) {
      return make_error(
          ErrorCode::kInvalidArgument,
          format_text("label {} is outside 0..{}", label, predictions.class_count - 1), "labels");
    }
  }
  return success();
}

namespace {

// The logarithm of the sum of the exponentials of a row.
double log_sum_exp(std::span<const float> row) {
  const double most = *std::ranges::max_element(row);
  double sum = 0;
  for (const float x : row) sum += exp_nonpositive(static_cast<double>(x) - most);
  return most + log_positive(sum);
}

double divergence(std::span<const float> reference, std::span<const float> row) {
  const double reference_norm = log_sum_exp(reference);
  const double norm = log_sum_exp(row);
  double sum = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const double log_p = static_cast<double>(reference[i]) - reference_norm;
    sum += exp_nonpositive(log_p) * (log_p - (static_cast<double>(row[i]) - norm));
  }
  return sum;
}

}  // namespace

Result<Score> score(std::span<const Tensor> reference, std::span<const Tensor> outputs,
                    std::span<const int32_t> labels) {
  LOWBIT_ASSIGN(const Predictions wanted, predict(reference, "reference"));
  LOWBIT_ASSIGN(const Predictions seen, predict(outputs, "model"));
  LOWBIT_TRY(check_labels(labels, seen));
  if (reference[0].shape() != outputs[0].shape()) {
    return make_error(ErrorCode::kShapeMismatch,
                      format_text("the two models' outputs differ in shape: {} and {}",
                                  reference[0].shape().to_string(), outputs[0].shape().to_string()),
                      "model");
  }
  Score result;
  result.samples = static_cast<int64_t>(seen.classes.size());
  result.labelled = static_cast<int64_t>(labels.size());
  const auto width = static_cast<size_t>(seen.class_count);
  for (size_t i = 0; i < seen.classes.size(); ++i) {
    if (!labels.empty()) result.correct += seen.classes[i] == labels[i];
    result.agreeing += seen.classes[i] == wanted.classes[i];
    result.kl += divergence(reference[0].data<float>().subspan(i * width, width),
                            outputs[0].data<float>().subspan(i * width, width));
  }
  if (result.samples > 0) result.kl /= static_cast<double>(result.samples);
  ErrorAccumulator error;
  error.add(reference[0].data<float>(), outputs[0].data<float>());
  result.sqnr_db = error.sqnr_db();
  return result;
}

}  // namespace lowbit

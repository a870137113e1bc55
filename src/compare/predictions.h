// What a classifier says of samples, from its logits: float32 [samples, classes].
#pragma once

#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace lowbit {

struct Predictions {
  std::vector<int32_t> classes;  // one per sample
  std::vector<float> margins;    // best minus second-best logit
  int64_t class_count = 0;
};

// `outputs`: a model's, of which the first counts. Errors: kShapeMismatch, `where` is `model`.
Result<Predictions> predict(std::span<const Tensor> outputs, const char* model);

// `labels`: empty, or one class index per sample. Errors: kShapeMismatch, kInvalidArgument.
Status check_labels(std::span<const int32_t> labels, const Predictions& predictions);

// How far a model is from another one that it stands for, by their logits for the same samples.
struct Score {
  int64_t samples = 0;
  int64_t labelled = 0;
  int64_t correct = 0;   // of the labelled ones
  int64_t agreeing = 0;  // samples of which both predict the same class
  double sqnr_db = 0;    // of the logits
  double kl = 0;  // mean Kullback-Leibler divergence of the softmax from the reference's, nats

  double top1() const {
    return labelled == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(labelled);
  }
};

// Errors: as predict and check_labels; kShapeMismatch where the two differ in shape.
Result<Score> score(std::span<const Tensor> reference, std::span<const Tensor> outputs,
                    std::span<const int32_t> labels);

}  // namespace lowbit

// Scores variants of a model on the same samples, each against the first one that is measured.
//
//   Evaluator evaluator({images}, labels, {});
//   Result<Score> itself = finish(evaluator.measure(fp32, false));
//   Result<Score> int8_score = finish(evaluator.measure(int8, true));
//   Result<Score> other_score = finish(evaluator.measure(int8_with_another_layer, true));  // quick
#pragma once

#include "compare/incremental.h"
#include "compare/predictions.h"

namespace lowbit {

class Evaluator {
 public:
  // `inputs`: one tensor per graph input, with the samples along the first dimension; `labels`:
  // empty, or one class per sample.
  Evaluator(std::vector<Tensor> inputs, std::vector<int32_t> labels,
            const IncrementalOptions& options)
      : runner_(std::move(inputs), options), labels_(std::move(labels)) {}

  // `graph`: valid, optimize()d; scores are of its first output, float32 [samples, classes].
  // `remember`: as IncrementalRunner::run, whose rules hold for the task. Errors: as there and
  // score().
  Task<Score> measure(Graph graph, bool remember);

  // Of the last one measured.
  size_t nodes_run() const { return runner_.nodes_run(); }

 private:
  IncrementalRunner runner_;
  std::vector<int32_t> labels_;
  std::vector<Tensor> reference_;
};

}  // namespace lowbit

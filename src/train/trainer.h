// Trains a classifier step by step: a batch of images and labels in, better weights out.
//
//   Result<Trainer> trainer = Trainer::create(graph, {});
//   Result<StepResult> step = trainer->step(images, labels, 0.05f);   // any number of times
//   Result<Graph> trained = trainer->graph();
//
// The same graph, options and batches give the same bits on one build.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "graph/graph.h"
#include "kernels/tier.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace lowbit {

struct TrainOptions {
  OptimizerOptions optimizer{};
  float label_smoothing = 0;  // [0, 1)
  float dropout_rate = 0.5f;  // of the model's Dropout nodes, [0, 1)
  uint64_t seed = 1;          // of the dropout masks
  Tier tier = Tier::kSimd128;
};

using StepResult = LossResult;

class Trainer {
 public:
  // `graph`: valid, FP32, with one input and, as its first output, logits [batch, classes] (or a
  // Softmax of them). It is not changed. Batch normalization keeps its nodes, and trains with the
  // batch's statistics. Errors: kInvalidArgument (options; `where` names the field), kInvalidModel,
  // kUnsupportedFeature (a quantized graph, more than one input), kOutOfMemory.
  static Result<Trainer> create(const Graph& graph, const TrainOptions& options);
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;
  ~Trainer();

  // One update from a batch: `images` as the model's input, whose first dimension counts the
  // samples; one label per sample. Errors, after which the weights are as before: as make_plan and
  // Plan::run; kShapeMismatch (labels), kInvalidArgument (a label outside the classes, a rate that
  // is not finite), kUnsupportedOperator and kUnsupportedFeature (no gradient; names the node),
  // kNonFinite (loss or gradient; `where` is "step N", counted from 0).
  Result<StepResult> step(const Tensor& images, std::span<const int32_t> labels, float rate);

  // The model as it is now, with constants of its own. Errors: kOutOfMemory.
  Result<Graph> graph() const;

  int64_t steps_done() const;

 private:
  struct State;
  explicit Trainer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lowbit

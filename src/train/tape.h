// Forward and backward pass for one batch size: the engine's plan, which keeps every value, and one
// gradient per node, run from the logits back to the parameters (Griewank and Walther 2008,
// section 3.2).
//
// Gradients of activations share one arena: each lives from the last reader of its value to the
// value's maker. Nothing is allocated once a Tape is made.
#pragma once

#include <memory>
#include <optional>

#include "engine/engine.h"
#include "train/gradients/batch_normalization.h"
#include "train/gradients/dropout.h"
#include "train/gradients/gradient.h"
#include "train/parameters.h"

namespace lowbit {

struct TapeOptions {
  ValueId logits = kNoValue;
  float dropout_rate = 0;
  Tier tier = Tier::kSimd128;
};

class Tape {
 public:
  // The Tape writes to the parameters' gradients, and reads the graph's constants, which may change
  // in place; both outlive it. Errors: as make_plan; kUnsupportedOperator (no gradient),
  // kUnsupportedFeature (a form without one), each naming the node.
  static Result<std::unique_ptr<Tape>> create(const Graph& graph, std::span<Parameter> parameters,
                                              const Shape& input_shape, const TapeOptions& options);

  // The constants changed in place.
  Status update_constants(const Graph& graph) { return plan_->update_constants(graph); }

  // Runs the model in its training form; `seed` draws the dropout masks. Returns the logits, valid
  // until the next call.
  Result<std::span<const float>> forward(const Tensor& images, uint64_t seed);
  // Where backward() expects dL/dlogits.
  std::span<float> logits_gradient() { return logits_gradient_; }
  // Overwrites every parameter's gradient.
  void backward();
  // Moves the running statistics of every BatchNormalization towards the last batch's.
  void update_running_statistics();

 private:
  // Adds a contribution to a gradient that has others already.
  struct Addition {
    const float* part = nullptr;
    float* sum = nullptr;
    int64_t count = 0;
  };

  // One node of the backward pass.
  struct Step {
    gradient::Gradient* gradient = nullptr;
    std::vector<ValueView> inputs;
    ValueView output;
    ClipAttributes activation;
    float* output_gradient = nullptr;
    std::vector<float*> input_gradients;
    float* scratch = nullptr;
    std::vector<Addition> additions;
  };

  struct Normalization {
    gradient::BatchNormalization* gradient = nullptr;
    std::span<const float> gamma;
    std::span<const float> beta;
    std::span<float> running_mean;
    std::span<float> running_variance;
  };

  class Builder;

  Tape() = default;
  Status run_override(size_t node, std::span<const ValueView> inputs, const ValueView& output);

  std::optional<Plan> plan_;
  ValueView logits_;
  std::span<float> logits_gradient_;
  uint64_t seed_ = 0;
  std::vector<std::unique_ptr<gradient::Gradient>> gradients_;
  std::vector<Step> steps_;                    // in order of execution, the logits' maker first
  std::vector<Normalization> normalizations_;  // per node; empty for other operators
  std::vector<gradient::Dropout*> dropouts_;   // per node; null for other operators
  kernels::KernelTable kernels_ = {};
  std::shared_ptr<Buffer> arena_;
};

}  // namespace lowbit

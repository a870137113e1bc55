#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/text.h"
#include "graph/validate.h"
#include "train/tape.h"

namespace lowbit {

namespace {

// A data set's full batch and its last, shorter one.
constexpr size_t kMaxTapes = 2;

Status validate_options(const TrainOptions& options) {
  LOWBIT_TRY(validate_optimizer(options.optimizer));
  const auto is_fraction = [](float x) { return x >= 0.0f && x < 1.0f; };
  if (!is_fraction(options.label_smoothing)) {
    return make_error(ErrorCode::kInvalidArgument, "must be in [0, 1)", "label_smoothing");
  }
  if (!is_fraction(options.dropout_rate)) {
    return make_error(ErrorCode::kInvalidArgument, "must be in [0, 1)", "dropout_rate");
  }
  return success();
}

Status check_graph(const Graph& graph) {
  LOWBIT_TRY(validate(graph));
  if (graph.is_quantized()) {
    return make_error(ErrorCode::kUnsupportedFeature,
                      "the model is quantized; train the float32 model", graph.name);
  }
  if (graph.inputs.size() != 1 || graph.outputs.empty()) {
    return make_error(ErrorCode::kUnsupportedFeature,
                      "training needs a model with one input and an output of logits", graph.name);
  }
  const Value& logits = graph.value(logits_of(graph));
  if (logits.dtype != DType::kF32 || logits.shape.rank() != 2) {
    return make_error(
        ErrorCode::kInvalidModel,
        format_text("the logits '{}' must be float32 [batch, classes]; they are {} {}", logits.name,
                    dtype_name(logits.dtype), logits.shape.to_string()),
        logits.name);
  }
  return success();
}

bool is_finite(std::span<const float> values) {
  // A sum of products with zero is NaN when any value is not finite, and needs no branch.
  float sum = 0;
  for (const float value : values) sum += value * 0.0f;
  return sum == 0.0f;
}

}  // namespace

struct Trainer::State {
  struct SizedTape {
    Shape input_shape;
    std::unique_ptr<Tape> tape;
    int64_t weights_of_step = 0;  // the step whose weights the plan has packed
  };

  Graph graph;
  TrainOptions options;
  ValueId logits = kNoValue;
  std::vector<Parameter> parameters;
  std::vector<SizedTape> tapes;
  Random random{0};
  int64_t step = 0;

  Result<Tape*> tape_for(const Shape& input_shape);
  Status check_gradients(double loss) const;
  void update_parameters(float rate);
};

Trainer::Trainer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

Result<Trainer> Trainer::create(const Graph& graph, const TrainOptions& options) {
  LOWBIT_TRY(validate_options(options));
  LOWBIT_TRY(check_graph(graph));
  auto state = std::make_unique<State>();
  LOWBIT_ASSIGN(state->graph, clone_constants(graph));
  state->options = options;
  state->logits = logits_of(graph);
  LOWBIT_ASSIGN(state->parameters,
                find_parameters(state->graph, state->logits, options.optimizer.kind));
  state->random = Random(options.seed);
  return Trainer(std::move(state));
}

Result<Tape*> Trainer::State::tape_for(const Shape& input_shape) {
  auto found = std::ranges::find(tapes, input_shape, &SizedTape::input_shape);
  if (found == tapes.end()) {
    LOWBIT_ASSIGN(std::unique_ptr<Tape> tape, Tape::create(graph, parameters, input_shape,
                                                           {.logits = logits,
                                                            .dropout_rate = options.dropout_rate,
                                                            .tier = options.tier}));
    if (tapes.size() == kMaxTapes) tapes.erase(tapes.begin());
    tapes.push_back({input_shape, std::move(tape), step});
    found = tapes.end() - 1;
  }
  if (found->weights_of_step != step) {
    LOWBIT_TRY(found->tape->update_constants(graph));
    found->weights_of_step = step;
  }
  return found->tape.get();
}

Status Trainer::State::check_gradients(double loss) const {
  const std::string where = format_text("step {}", step);
  if (!std::isfinite(loss)) {
    return make_error(ErrorCode::kNonFinite, "the loss is not finite; lower the learning rate",
                      where);
  }
  for (const Parameter& parameter : parameters) {
    if (is_finite(parameter.gradient.data<float>())) continue;
    return make_error(ErrorCode::kNonFinite,
                      format_text("the gradient of '{}' is not finite; lower the learning rate",
                                  graph.value(parameter.value).name),
                      where);
  }
  return success();
}

void Trainer::State::update_parameters(float rate) {
  const OptimizerOptions& optimizer = options.optimizer;
  for (Parameter& parameter : parameters) {
    const std::span<float> weights = graph.value(parameter.value).constant->mutable_data<float>();
    const std::span<const float> gradient = parameter.gradient.data<float>();
    const float decay = parameter.decays ? optimizer.weight_decay : 0.0f;
    if (optimizer.kind == OptimizerKind::kSgd) {
      sgd_update(weights, gradient, parameter.first_moment.mutable_data<float>(), rate,
                 optimizer.momentum, decay);
    } else {
      adamw_update(weights, gradient, parameter.first_moment.mutable_data<float>(),
                   parameter.second_moment.mutable_data<float>(), step + 1, rate, optimizer, decay);
    }
  }
}

Result<StepResult> Trainer::step(const Tensor& images, std::span<const int32_t> labels,
                                 float rate) {
  State& state = *state_;
  if (images.shape().rank() == 0 || images.shape()[0] != std::ssize(labels) || labels.empty()) {
    return make_error(ErrorCode::kShapeMismatch,
                      format_text("{} labels were given for images of shape {}", labels.size(),
                                  images.shape().to_string()),
                      "labels");
  }
  if (!std::isfinite(rate)) {
    return make_error(ErrorCode::kInvalidArgument, "must be finite", "rate");
  }
  LOWBIT_ASSIGN(Tape* const tape, state.tape_for(images.shape()));
  const std::span<float> gradient = tape->logits_gradient();
  const int64_t classes = std::ssize(gradient) / std::ssize(labels);
  LOWBIT_TRY(check_labels(labels, classes));
  LOWBIT_ASSIGN(const std::span<const float> logits, tape->forward(images, state.random.next()));
  const LossResult result =
      softmax_cross_entropy(logits, labels, state.options.label_smoothing, gradient);
  tape->backward();
  LOWBIT_TRY(state.check_gradients(result.loss));
  tape->update_running_statistics();
  state.update_parameters(rate);
  ++state.step;
  return result;
}

Result<Graph> Trainer::graph() const { return clone_constants(state_->graph); }

int64_t Trainer::steps_done() const { return state_->step; }

}  // namespace lowbit

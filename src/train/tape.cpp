#include "train/tape.h"

#include <limits>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "engine/arena.h"
#include "train/gradients/clamp.h"

namespace lowbit {

namespace {

// Where a gradient will lie: at a place of the arena, or in a parameter's own tensor.
struct Place {
  size_t request = 0;
  float* fixed = nullptr;
};

}  // namespace

// Turns the planned graph into steps, first with places, then, when the arena is laid out, with
// pointers.
class Tape::Builder {
 public:
  Builder(Tape& tape, std::span<Parameter> parameters, const TapeOptions& options)
      : tape_(tape), graph_(tape.plan_->graph()), parameters_(parameters), options_(options) {}

  Status build() {
    find_needs();
    tape_.normalizations_.resize(graph_.nodes.size());
    tape_.dropouts_.resize(graph_.nodes.size());
    const std::vector<bool> behind = nodes_behind(graph_, options_.logits);
    add_sum(options_.logits);
    for (size_t i = graph_.nodes.size(); i-- > 0;) {
      const bool has_gradient = behind[i] && needs(graph_.nodes[i].output);
      if (!has_gradient && !is_overridden(graph_.nodes[i], options_)) continue;
      const gradient::NodeInfo info = info_of(graph_.nodes[i]);
      LOWBIT_ASSIGN(auto made, make_gradient(i, info));
      if (has_gradient) add_step(info, *made);
      tape_.gradients_.push_back(std::move(made));
    }
    return place_all();
  }

  static bool is_overridden(const Node& node, const TapeOptions& options) {
    return node.op == Op::kBatchNormalization ||
           (node.op == Op::kDropout && options.dropout_rate > 0.0f);
  }

 private:
  // A Step with places in place of pointers.
  struct Draft {
    struct Part {
      size_t request;
      ValueId value;
    };
    Place output;
    std::vector<std::optional<Place>> inputs;
    size_t scratch = 0;
    std::vector<Part> parts;
  };

  bool needs(ValueId id) const { return id != kNoValue && needs_[static_cast<size_t>(id)]; }
  int32_t now() const { return static_cast<int32_t>(drafts_.size()); }

  size_t add_request(int64_t count) {
    requests_.push_back(
        {.bytes = count * int64_t{sizeof(float)}, .first_use = now(), .last_use = now()});
    return requests_.size() - 1;
  }

  // Starts the gradient of an activation.
  void add_sum(ValueId id) {
    sums_[static_cast<size_t>(id)] = Place{.request = add_request(count_of(id))};
  }

  int64_t count_of(ValueId id) const { return *graph_.value(id).shape.element_count(); }

  void find_needs() {
    needs_.assign(graph_.values.size(), false);
    sums_.resize(graph_.values.size());
    own_.assign(graph_.values.size(), nullptr);
    for (Parameter& parameter : parameters_) {
      needs_[static_cast<size_t>(parameter.value)] = true;
      own_[static_cast<size_t>(parameter.value)] = parameter.gradient.mutable_data<float>().data();
    }
    for (const Node& node : graph_.nodes) {
      for (const ValueId id : node.inputs) {
        if (needs(id)) needs_[static_cast<size_t>(node.output)] = true;
      }
    }
  }

  gradient::NodeInfo info_of(const Node& node) {
    gradient::NodeInfo info;
    info.node = &node;
    info.tier = options_.tier;
    for (const ValueId id : node.inputs) {
      info.inputs.push_back(id == kNoValue ? ValueView{} : tape_.plan_->view(id));
      info.wanted.push_back(needs(id));
    }
    info.output = tape_.plan_->view(node.output);
    return info;
  }

  gradient::GradientResult make_gradient(size_t index, const gradient::NodeInfo& info) {
    const Node& node = graph_.nodes[index];
    if (!is_overridden(node, options_)) return gradient::make_gradient(info);
    if (node.op == Op::kDropout) {
      auto dropout = std::make_unique<gradient::Dropout>(options_.dropout_rate);
      tape_.dropouts_[index] = dropout.get();
      return std::unique_ptr<gradient::Gradient>(std::move(dropout));
    }
    auto normalization = std::make_unique<gradient::BatchNormalization>(info);
    tape_.normalizations_[index] = {.gradient = normalization.get(),
                                    .gamma = info.inputs[1].as<float>(),
                                    .beta = info.inputs[2].as<float>(),
                                    .running_mean = info.inputs[3].as<float>(),
                                    .running_variance = info.inputs[4].as<float>()};
    return std::unique_ptr<gradient::Gradient>(std::move(normalization));
  }

  void add_step(const gradient::NodeInfo& info, gradient::Gradient& made) {
    Draft draft;
    draft.output = *sums_[static_cast<size_t>(info.node->output)];
    requests_[draft.output.request].last_use = now();
    for (const ValueId id : info.node->inputs) {
      if (!needs(id)) {
        draft.inputs.emplace_back();
        continue;
      }
      std::optional<Place>& sum = sums_[static_cast<size_t>(id)];
      if (sum) {
        const size_t part = add_request(count_of(id));
        if (sum->fixed == nullptr) requests_[sum->request].last_use = now();
        draft.inputs.push_back(Place{.request = part});
        draft.parts.push_back({part, id});
        continue;
      }
      if (float* own = own_[static_cast<size_t>(id)]; own != nullptr) {
        sum = Place{.fixed = own};
      } else {
        add_sum(id);
      }
      draft.inputs.push_back(sum);
    }
    draft.scratch = add_request(static_cast<int64_t>(made.scratch_count()));
    drafts_.push_back(std::move(draft));

    Step step;
    step.gradient = &made;
    step.inputs = info.inputs;
    step.output = info.output;
    step.activation = info.node->activation;
    tape_.steps_.push_back(std::move(step));
  }

  Status place_all() {
    LOWBIT_ASSIGN(const engine::ArenaLayout layout, engine::lay_out_arena(requests_));
    if (static_cast<uint64_t>(layout.bytes) > std::numeric_limits<size_t>::max()) {
      return make_error(ErrorCode::kOutOfMemory,
                        format_text("could not allocate {} bytes for gradients", layout.bytes));
    }
    LOWBIT_ASSIGN(tape_.arena_, Buffer::allocate(static_cast<size_t>(layout.bytes)));
    const auto at = [&](const Place& place) {
      return place.fixed != nullptr
                 ? place.fixed
                 : reinterpret_cast<float*>(tape_.arena_->data() + layout.offsets[place.request]);
    };
    for (size_t i = 0; i < drafts_.size(); ++i) {
      const Draft& draft = drafts_[i];
      Step& step = tape_.steps_[i];
      step.output_gradient = at(draft.output);
      step.scratch = at({.request = draft.scratch});
      for (const std::optional<Place>& input : draft.inputs) {
        step.input_gradients.push_back(input ? at(*input) : nullptr);
      }
      for (const Draft::Part& part : draft.parts) {
        step.additions.push_back({.part = at({.request = part.request}),
                                  .sum = at(*sums_[static_cast<size_t>(part.value)]),
                                  .count = count_of(part.value)});
      }
    }
    tape_.logits_gradient_ = {at(*sums_[static_cast<size_t>(options_.logits)]),
                              static_cast<size_t>(count_of(options_.logits))};
    return success();
  }

  Tape& tape_;
  const Graph& graph_;
  std::span<Parameter> parameters_;
  const TapeOptions& options_;
  std::vector<bool> needs_;                 // per value: a parameter, or made from one
  std::vector<float*> own_;                 // per value: the parameter's gradient, or null
  std::vector<std::optional<Place>> sums_;  // per value: its gradient, once something contributes
  std::vector<engine::ArenaRequest> requests_;
  std::vector<Draft> drafts_;
};

Result<std::unique_ptr<Tape>> Tape::create(const Graph& graph, std::span<Parameter> parameters,
                                           const Shape& input_shape, const TapeOptions& options) {
  std::unique_ptr<Tape> tape(new Tape);
  PlanOptions plan_options;
  plan_options.tier = options.tier;
  plan_options.keep_values = true;
  plan_options.is_overridden = [options](const Node& node) {
    return Builder::is_overridden(node, options);
  };
  plan_options.override_node = [self = tape.get()](size_t node, std::span<const ValueView> inputs,
                                                   const ValueView& output) {
    return self->run_override(node, inputs, output);
  };
  LOWBIT_ASSIGN(tape->plan_, make_plan(graph, {&input_shape, 1}, plan_options));
  tape->kernels_ = kernels::kernel_table(options.tier);
  tape->logits_ = tape->plan_->view(options.logits);
  LOWBIT_TRY(Builder(*tape, parameters, options).build());
  return tape;
}

Status Tape::run_override(size_t node, std::span<const ValueView> inputs, const ValueView& output) {
  if (gradient::Dropout* dropout = dropouts_[node]; dropout != nullptr) {
    dropout->forward(inputs[0], output, Random(seed_ + node).next());
  } else {
    const Normalization& normalization = normalizations_[node];
    normalization.gradient->forward(inputs[0], normalization.gamma, normalization.beta, output);
  }
  return success();
}

Result<std::span<const float>> Tape::forward(const Tensor& images, uint64_t seed) {
  seed_ = seed;
  LOWBIT_TRY(plan_->run({&images, 1}));
  return std::span<const float>(logits_.as<float>());
}

void Tape::backward() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Step& step : steps_) {
    if (step.activation != ClipAttributes{}) {
      gradient::clamp_gradient(step.output.as<float>().data(), step.output_gradient,
                               step.output.element_count(), step.activation, step.output_gradient);
    }
    step.gradient->run({.inputs = step.inputs,
                        .output = step.output,
                        .output_gradient = step.output_gradient,
                        .input_gradients = step.input_gradients,
                        .scratch = step.scratch});
    for (const Addition& addition : step.additions) {
      kernels_.add_f32({.a = addition.sum,
                        .b = addition.part,
                        .output = addition.sum,
                        .count = addition.count,
                        .min = -kInfinity,
                        .max = kInfinity});
    }
  }
}

void Tape::update_running_statistics() {
  for (const Normalization& normalization : normalizations_) {
    if (normalization.gradient == nullptr) continue;
    normalization.gradient->update_running(normalization.running_mean,
                                           normalization.running_variance);
  }
}

}  // namespace lowbit

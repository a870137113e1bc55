// Plan::run: inputs into the arena, the steps in order, outputs out of it.
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "engine/state.h"

namespace lowbit {

ValueView Plan::State::view_of(ValueId id) {
  Value& value = graph.value(id);
  ValueView view;
  view.id = id;
  view.dtype = value.dtype;
  view.shape = value.shape;
  view.quant = value.quant ? &*value.quant : nullptr;
  if (value.constant) {
    view.data = value.constant->mutable_raw();
    return view;
  }
  const engine::ValuePlace& place = lowered.values[static_cast<size_t>(id)];
  if (place.slot == engine::kNoSlot) return view;
  view.data = memory.at<std::byte>(place.slot);
  view.channels_last = place.layout == engine::Layout::kChannelsLast;
  return view;
}

ValueView Plan::view(ValueId id) {
  ValueView view = state_->view_of(id);
  if (!state_->graph.value(id).constant && !state_->is_readable[static_cast<size_t>(id)]) {
    view.data = nullptr;
  }
  return view;
}

Status Plan::State::read_inputs(std::span<const Tensor> tensors) const {
  if (tensors.size() != inputs.size()) {
    return make_error(
        ErrorCode::kInvalidArgument,
        format_text("the model has {} inputs; {} were given", inputs.size(), tensors.size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueView& input = inputs[i];
    const Tensor& tensor = tensors[i];
    const std::string& name = graph.value(input.id).name;
    if (tensor.dtype() != input.dtype) {
      return make_error(ErrorCode::kTypeMismatch,
                        format_text("input '{}' is {}; a tensor of {} was given", name,
                                    dtype_name(input.dtype), dtype_name(tensor.dtype())),
                        name);
    }
    if (tensor.shape() != input.shape) {
      return make_error(
          ErrorCode::kShapeMismatch,
          format_text("input '{}' was planned with shape {}; a tensor of shape {} was given", name,
                      input.shape.to_string(), tensor.shape().to_string()),
          name);
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::memcpy(inputs[i].data, tensors[i].raw(), tensors[i].byte_count());
  }
  return success();
}

void Plan::State::run_steps(size_t first, size_t last) const {
  for (size_t step = first; step < last; ++step) lowered.steps[step]->run();
}

Status Plan::State::run_nodes(const Taps& taps) {
  size_t next_step = lowered.nodes.empty() ? 0 : lowered.nodes.front().first_step;
  run_steps(0, next_step);
  if (taps.on_value) {
    for (const ValueView& input : inputs) LOWBIT_TRY(taps.on_value(view_of(input.id)));
  }
  auto override_views = overrides.begin();
  for (size_t index = 0; index < lowered.nodes.size(); ++index) {
    const engine::NodeSteps& node = lowered.nodes[index];
    const double start_ms = taps.on_time ? now_ms() : 0;
    if (node.overridden) {
      const OverrideViews& views = *override_views++;
      LOWBIT_TRY(options.override_node(index, views.inputs, views.output));
    }
    run_steps(node.first_step, node.last_step);
    next_step = node.last_step;
    if (taps.on_time) taps.on_time(index, now_ms() - start_ms);
    if (taps.on_value) LOWBIT_TRY(taps.on_value(view_of(graph.nodes[index].output)));
  }
  run_steps(next_step, lowered.steps.size());
  return success();
}

Result<std::vector<Tensor>> Plan::State::write_outputs() const {
  std::vector<Tensor> tensors;
  tensors.reserve(outputs.size());
  for (const ValueView& output : outputs) {
    auto tensor = Tensor::allocate(output.dtype, output.shape);
    if (!tensor) {
      return make_error(tensor.error().code, tensor.error().message, graph.value(output.id).name);
    }
    std::memcpy(tensor->mutable_raw(), output.data, tensor->byte_count());
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

Status Plan::run_in_place(const Taps& taps) {
  if (taps.on_value || taps.on_time || !state_->overrides.empty()) return state_->run_nodes(taps);
  state_->run_steps(0, state_->lowered.steps.size());
  return success();
}

Result<std::vector<Tensor>> Plan::run(std::span<const Tensor> inputs, const Taps& taps) {
  LOWBIT_TRY(state_->read_inputs(inputs));
  LOWBIT_TRY(run_in_place(taps));
  return state_->write_outputs();
}

}  // namespace lowbit

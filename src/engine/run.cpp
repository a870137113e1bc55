// Plan::run: inputs into the arena, the steps in order, outputs out of it.
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "engine/state.h"
#include "kernels/layout/layout.h"

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
  const engine::Slot slot = lowered.value_slots[static_cast<size_t>(id)];
  if (slot == engine::kNoSlot) return view;
  view.data = memory.at<std::byte>(slot);
  view.channels_last = engine::activation_layout(value.shape) == engine::Layout::kChannelsLast;
  return view;
}

ValueView Plan::view(ValueId id) {
  ValueView view = state_->view_of(id);
  if (!state_->graph.value(id).constant && !state_->is_readable[static_cast<size_t>(id)]) {
    view.data = nullptr;
  }
  return view;
}

Status Plan::State::read_inputs(std::span<const Tensor> tensors) {
  if (tensors.size() != inputs.size()) {
    return make_error(ErrorCode::kInvalidArgument,
                      "the model has " + std::to_string(inputs.size()) + " inputs; " +
                          std::to_string(tensors.size()) + " were given");
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(inputs[i].id);
    const Tensor& tensor = tensors[i];
    if (tensor.dtype() != value.dtype) {
      return make_error(ErrorCode::kTypeMismatch,
                        "input '" + value.name + "' is " + std::string(dtype_name(value.dtype)) +
                            "; a tensor of " + std::string(dtype_name(tensor.dtype())) +
                            " was given",
                        value.name);
    }
    if (tensor.shape() != value.shape) {
      return make_error(ErrorCode::kShapeMismatch,
                        "input '" + value.name + "' was planned with shape " +
                            value.shape.to_string() + "; a tensor of shape " +
                            tensor.shape().to_string() + " was given",
                        value.name);
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Transfer& input = inputs[i];
    if (input.needs_layout) {
      const Shape& shape = tensors[i].shape();
      kernels::nchw_to_nhwc(tensors[i].raw(), input.place, shape[0], shape[1], shape[2], shape[3],
                            dtype_bytes(tensors[i].dtype()));
    } else {
      std::memcpy(input.place, tensors[i].raw(), input.byte_count);
    }
  }
  return success();
}

Status Plan::State::run_nodes(const Taps& taps) {
  if (taps.on_value) {
    for (const Transfer& input : inputs) LOWBIT_TRY(taps.on_value(view_of(input.id)));
  }
  auto override_views = overrides.begin();
  for (size_t index = 0; index < lowered.nodes.size(); ++index) {
    const engine::NodeSteps& node = lowered.nodes[index];
    const double start_ms = taps.on_time ? now_ms() : 0;
    if (node.overridden) {
      const OverrideViews& views = *override_views++;
      LOWBIT_TRY(options.override_node(index, views.inputs, views.output));
    }
    for (size_t step = node.first_step; step < node.last_step; ++step) lowered.steps[step]->run();
    if (taps.on_time) taps.on_time(index, now_ms() - start_ms);
    if (taps.on_value) LOWBIT_TRY(taps.on_value(view_of(graph.nodes[index].output)));
  }
  return success();
}

Result<std::vector<Tensor>> Plan::State::write_outputs() const {
  std::vector<Tensor> tensors;
  tensors.reserve(outputs.size());
  for (const Transfer& output : outputs) {
    const Value& value = graph.value(output.id);
    auto allocated = Tensor::allocate(value.dtype, value.shape);
    if (!allocated) {
      return make_error(allocated.error().code, allocated.error().message, value.name);
    }
    Tensor tensor = std::move(allocated).value();
    if (output.needs_layout) {
      const Shape& shape = value.shape;
      kernels::nhwc_to_nchw(output.place, tensor.mutable_raw(), shape[0], shape[1], shape[2],
                            shape[3], dtype_bytes(value.dtype));
    } else {
      std::memcpy(tensor.mutable_raw(), output.place, output.byte_count);
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<std::vector<Tensor>> Plan::run(std::span<const Tensor> inputs, const Taps& taps) {
  LOWBIT_TRY(state_->read_inputs(inputs));
  if (!taps.on_value && !taps.on_time && state_->overrides.empty()) {
    for (const std::unique_ptr<engine::Step>& step : state_->lowered.steps) step->run();
  } else {
    LOWBIT_TRY(state_->run_nodes(taps));
  }
  return state_->write_outputs();
}

}  // namespace lowbit

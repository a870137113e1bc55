#include "engine/lowering.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "graph/errors.h"

namespace lowbit::engine {

namespace {

constexpr int32_t kEndOfRun = std::numeric_limits<int32_t>::max();
constexpr size_t kNoNode = std::numeric_limits<size_t>::max();

using LowerFunction = Status (*)(Lowering&, size_t);

// In the order of the enumeration, as both come from ops.inc.
constexpr LowerFunction kLowerFunctions[] = {
#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) &lower<Op::k##name>,
#include "graph/ops.inc"
#undef LOWBIT_OP
};

// The engine computes on float32, and on uint8 with one pair of quantization parameters per tensor.
Status check_activation(const Value& value) {
  const auto count = value.shape.element_count();
  if (!count || *count == 0) {
    return make_error(ErrorCode::kShapeMismatch,
                      "value '" + value.name + "' has shape " + value.shape.to_string() +
                          "; a plan needs known dimensions of at least 1",
                      value.name);
  }
  const bool is_real = value.dtype == DType::kF32 && !value.quant;
  const bool is_quantized = value.dtype == DType::kU8 && value.quant && value.quant->per_tensor() &&
                            value.quant->storage == DType::kU8;
  if (is_real || is_quantized) return success();
  return make_error(ErrorCode::kUnsupportedFeature,
                    "value '" + value.name + "' is " + std::string(dtype_name(value.dtype)) +
                        (value.quant ? ", quantized" : "") +
                        "; activations are float32, or uint8 quantized per tensor",
                    value.name);
}

}  // namespace

int64_t value_bytes(const Value& value) {
  return value.shape.element_count().value_or(0) * static_cast<int64_t>(dtype_bytes(value.dtype));
}

Lowering::Lowering(const Graph& graph, const PlanOptions& options)
    : graph_(graph),
      tier_(options.tier),
      keep_values_(options.keep_values),
      last_reader_(graph.values.size(), kNoNode),
      pinned_(graph.values.size(), false) {
  lowered_.value_slots.assign(graph.values.size(), kNoSlot);
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    for (const ValueId id : graph.nodes[index].inputs) {
      if (id != kNoValue) last_reader_[static_cast<size_t>(id)] = index;
    }
  }
  for (const ValueId id : graph.inputs) pinned_[static_cast<size_t>(id)] = true;
  for (const ValueId id : graph.outputs) pinned_[static_cast<size_t>(id)] = true;
}

const Value& Lowering::input_value(size_t node, size_t index) const {
  return graph_.value(graph_.nodes[node].inputs[index]);
}

const Value& Lowering::output_value(size_t node) const {
  return graph_.value(graph_.nodes[node].output);
}

Slot Lowering::new_slot(int64_t bytes) {
  lowered_.slots.push_back({.bytes = bytes, .first_use = now_, .last_use = now_});
  return static_cast<Slot>(lowered_.slots.size() - 1);
}

void Lowering::touch(Slot slot) {
  int32_t& last_use = lowered_.slots[static_cast<size_t>(slot)].last_use;
  last_use = std::max(last_use, now_);
}

Slot Lowering::input_slot(size_t node, size_t index) {
  const ValueId id = graph_.nodes[node].inputs[index];
  Slot& slot = lowered_.value_slots[static_cast<size_t>(id)];
  if (slot == kNoSlot) {
    const Shape& shape = graph_.value(id).shape;
    slot = lay_out_constant(id, broadcast_view(shape, Layout::kRowMajor, shape));
  }
  return slot;
}

Slot Lowering::make_output_slot(size_t node) {
  const ValueId id = graph_.nodes[node].output;
  const Slot slot = new_slot(value_bytes(graph_.value(id)));
  reuse_slot_for_output(node, slot);
  return slot;
}

void Lowering::reuse_slot_for_output(size_t node, Slot slot) {
  const auto id = static_cast<size_t>(graph_.nodes[node].output);
  lowered_.value_slots[id] = slot;
  touch(slot);
  if (pinned_[id] || keep_values_) lowered_.slots[static_cast<size_t>(slot)].last_use = kEndOfRun;
}

bool Lowering::may_overwrite(size_t node, ValueId id) const {
  const auto index = static_cast<size_t>(id);
  return !keep_values_ && !pinned_[index] && !graph_.values[index].constant &&
         last_reader_[index] == node;
}

Slot Lowering::make_output_slot_in_place(size_t node) {
  if (!may_overwrite(node, graph_.nodes[node].inputs[0])) return make_output_slot(node);
  const Slot slot = input_slot(node, 0);
  reuse_slot_for_output(node, slot);
  return slot;
}

Slot Lowering::make_scratch(int64_t bytes) { return new_slot(bytes); }

Slot Lowering::lay_out_constant(ValueId id, const StridedView& view) {
  const int64_t count = product(view.dims, 0, view.dims.rank());
  const auto element_bytes = static_cast<int64_t>(dtype_bytes(graph_.value(id).dtype));
  lowered_.slots.push_back({.bytes = count * element_bytes, .first_use = 0, .last_use = kEndOfRun});
  const auto slot = static_cast<Slot>(lowered_.slots.size() - 1);
  lowered_.constants.push_back({id, slot, view});
  return slot;
}

void Lowering::emit(std::unique_ptr<Step> step, std::initializer_list<Slot> touched) {
  for (const Slot slot : touched) touch(slot);
  lowered_.steps.push_back(std::move(step));
  ++now_;
}

Result<std::shared_ptr<Buffer>> Lowering::allocate_constant(size_t node, size_t bytes) {
  auto buffer = Buffer::allocate(bytes);
  if (!buffer) {
    return refuse(node, buffer.error().code, buffer.error().message + " for its packed constants");
  }
  lowered_.constant_bytes += static_cast<int64_t>(bytes);
  return buffer;
}

void Lowering::reserve_pack_room(int64_t bytes) {
  lowered_.pack_room_bytes = std::max(lowered_.pack_room_bytes, bytes);
}

Failure Lowering::refuse(size_t node, ErrorCode code, const Text& message) const {
  return node_error(code, graph_.nodes[node], message);
}

Result<int32_t> Lowering::to_int32(size_t node, int64_t number, const char* what) const {
  if (number >= 0 && number <= std::numeric_limits<int32_t>::max()) {
    return static_cast<int32_t>(number);
  }
  return refuse(
      node, ErrorCode::kLimitExceeded,
      std::string(what) + " is " + std::to_string(number) + "; it must be within 0 and 2^31 - 1");
}

Status Lowering::lower_nodes(const PlanOptions& options) {
  for (const ValueId id : graph_.inputs) {
    const Value& input = graph_.value(id);
    LOWBIT_TRY(check_activation(input));
    Slot& slot = lowered_.value_slots[static_cast<size_t>(id)];
    if (slot != kNoSlot) continue;
    slot = new_slot(value_bytes(input));
    lowered_.slots.back().last_use = kEndOfRun;
  }
  for (size_t index = 0; index < graph_.nodes.size(); ++index) {
    const Node& current = graph_.nodes[index];
    LOWBIT_TRY(check_activation(graph_.value(current.output)));
    NodeSteps steps;
    steps.first_step = lowered_.steps.size();
    steps.overridden = options.is_overridden && options.is_overridden(current);
    if (steps.overridden) {
      make_output_slot(index);
      for (const ValueId id : current.inputs) {
        if (id == kNoValue || graph_.value(id).constant) continue;
        touch(lowered_.value_slots[static_cast<size_t>(id)]);
      }
      ++now_;
    } else {
      LOWBIT_TRY(kLowerFunctions[static_cast<size_t>(current.op)](*this, index));
    }
    steps.last_step = lowered_.steps.size();
    lowered_.nodes.push_back(steps);
  }
  for (const ValueId id : graph_.outputs) {
    Slot& slot = lowered_.value_slots[static_cast<size_t>(id)];
    if (slot != kNoSlot) continue;
    const Shape& shape = graph_.value(id).shape;
    LOWBIT_TRY(check_activation(graph_.value(id)));
    slot = lay_out_constant(id, broadcast_view(shape, Layout::kRowMajor, shape));
  }
  return success();
}

Result<Lowered> lower_graph(const Graph& graph, const PlanOptions& options) {
  Lowering lowering(graph, options);
  LOWBIT_TRY(lowering.lower_nodes(options));
  return std::move(lowering.lowered_);
}

}  // namespace lowbit::engine

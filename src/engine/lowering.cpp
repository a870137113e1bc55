#include "engine/lowering.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/first_part.h"
#include "base/text.h"
#include "engine/steps.h"
#include "graph/common_ops.h"
#include "graph/errors.h"

namespace lowbit::engine {

namespace {

constexpr int32_t kEndOfRun = std::numeric_limits<int32_t>::max();
constexpr size_t kNoNode = std::numeric_limits<size_t>::max();

using LowerFunction = Status (*)(Lowering&, size_t);

// In the order of the enumeration, as both come from ops.inc.
constexpr LowerFunction kLowerFunctions[] = {
#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) \
  kIsFirstPart && !is_common_op(#name) ? nullptr : &lower<Op::k##name>,
#include "graph/ops.inc"
#undef LOWBIT_OP
};

// The engine computes on uint8 with one pair of quantization parameters per tensor, and on plain
// numbers.
Status check_activation(const Value& value) {
  const auto count = value.shape.element_count();
  if (!count || *count == 0) {
    return make_error(
        ErrorCode::kShapeMismatch,
        format_text("value '{}' has shape {}; a plan needs known dimensions of at least 1",
                    value.name, value.shape.to_string()),
        value.name);
  }
  const bool is_quantized = value.quant && value.dtype == DType::kU8 && value.quant->per_tensor() &&
                            value.quant->storage == DType::kU8;
  if (!value.quant || is_quantized) return success();
  return make_error(
      ErrorCode::kUnsupportedFeature,
      format_text("value '{}' is {}, quantized; quantized activations are uint8 with one scale",
                  value.name, dtype_name(value.dtype)),
      value.name);
}

}  // namespace

int64_t value_bytes(const Value& value) {
  return value.shape.element_count().value_or(0) * static_cast<int64_t>(dtype_bytes(value.dtype));
}

Lowering::Lowering(const Graph& graph, const PlanOptions& options)
    : graph_(graph),
      tier_(options.tier),
      table_(kernels::kernel_table(options.tier, options.tiles)),
      keep_values_(options.keep_values),
      is_engine_layout_kept_(options.keep_values || options.is_overridden),
      last_reader_(graph.values.size(), kNoNode),
      pinned_(graph.values.size(), false) {
  if (options.joins_conversions) byte_functions_.emplace(graph);
  lowered_.values.resize(graph.values.size());
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    for (const ValueId id : graph.nodes[index].inputs) {
      if (id != kNoValue) last_reader_[static_cast<size_t>(id)] = index;
    }
    // It reads what the DequantizeLinear would.
    const size_t dequantizer =
        byte_functions_ ? byte_functions_->dequantizer(index) : ByteFunctions::kNone;
    if (dequantizer == ByteFunctions::kNone) continue;
    last_reader_[static_cast<size_t>(graph.nodes[dequantizer].inputs[0])] = index;
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

Slot Lowering::slot_in_layout(ValueId id, Layout layout) {
  const Value& value = graph_.value(id);
  ValuePlace& place = lowered_.values[static_cast<size_t>(id)];
  if (place.slot == kNoSlot) {
    place.layout = layout;
    place.slot =
        lay_out_constant(id, layout == Layout::kRowMajor
                                 ? dense_view(value.shape)
                                 : broadcast_view(value.shape, Layout::kRowMajor, value.shape));
  }
  if (place.layout == layout || is_row_major_too(value.shape)) return place.slot;
  if (place.moved == kNoSlot) {
    place.moved = make_scratch(value_bytes(value));
    const Shape& shape = value.shape;
    const int64_t channels = shape[1];
    const int64_t pixels = shape[2] * shape[3];
    const bool to_row_major = layout == Layout::kRowMajor;
    emit(make_transpose({.input = place.slot,
                         .output = place.moved,
                         .batch = shape[0],
                         .rows = to_row_major ? pixels : channels,
                         .columns = to_row_major ? channels : pixels,
                         .element_bytes = dtype_bytes(value.dtype)}),
         {place.slot, place.moved});
  }
  return place.moved;
}

Slot Lowering::input_slot(size_t node, size_t index) {
  return input_slot(node, index, activation_layout(input_value(node, index).shape));
}

Slot Lowering::input_slot(size_t node, size_t index, Layout layout) {
  return slot_in_layout(graph_.nodes[node].inputs[index], layout);
}

Layout Lowering::input_layout(size_t node, size_t index) const {
  return lowered_.values[static_cast<size_t>(graph_.nodes[node].inputs[index])].layout;
}

bool Lowering::only_leaves(size_t node) const {
  const auto output = static_cast<size_t>(graph_.nodes[node].output);
  return pinned_[output] && last_reader_[output] == kNoNode && !is_engine_layout_kept_;
}

Slot Lowering::make_output_slot(size_t node) {
  return make_output_slot(node, activation_layout(output_value(node).shape));
}

Slot Lowering::make_output_slot(size_t node, Layout layout) {
  const Slot slot = new_slot(value_bytes(output_value(node)));
  reuse_slot_for_output(node, slot, layout);
  return slot;
}

void Lowering::reuse_slot_for_output(size_t node, Slot slot) {
  reuse_slot_for_output(node, slot, activation_layout(output_value(node).shape));
}

void Lowering::reuse_slot_for_output(size_t node, Slot slot, Layout layout) {
  const ValueId id = graph_.nodes[node].output;
  lowered_.values[static_cast<size_t>(id)] = {.slot = slot, .layout = layout};
  touch(slot);
  keep_if_asked(id);
}

void Lowering::share_slot_for_output(size_t node, size_t reader) {
  const auto from = static_cast<size_t>(graph_.nodes[reader].inputs[0]);
  const auto to = static_cast<size_t>(graph_.nodes[node].output);
  pinned_[from] = pinned_[to] = true;
  lowered_.values[to] = lowered_.values[from];
  keep_if_asked(graph_.nodes[node].output);
}

bool Lowering::may_overwrite(size_t node, ValueId id) const {
  const auto index = static_cast<size_t>(id);
  return !keep_values_ && !pinned_[index] && !graph_.values[index].constant &&
         last_reader_[index] == node;
}

Slot Lowering::make_output_slot_in_place(size_t node) {
  return make_output_slot_in_place(node, activation_layout(output_value(node).shape));
}

Slot Lowering::make_output_slot_in_place(size_t node, Layout layout) {
  if (!may_overwrite(node, graph_.nodes[node].inputs[0])) return make_output_slot(node, layout);
  const Slot slot = input_slot(node, 0, layout);
  reuse_slot_for_output(node, slot, layout);
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
  if (bytes > static_cast<size_t>(kMaxPlanBytes - lowered_.constant_bytes)) {
    return refuse(
        node, ErrorCode::kLimitExceeded,
        format_text("the model's packed constants would take more than {} bytes", kMaxPlanBytes));
  }
  auto buffer = Buffer::allocate(bytes);
  if (!buffer) {
    return refuse(node, buffer.error().code,
                  format_text("{} for its packed constants", buffer.error().message));
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
  return refuse(node, ErrorCode::kLimitExceeded,
                format_text("{} is {}; it must be within 0 and 2^31 - 1", what, number));
}

Status Lowering::lower_inputs() {
  for (const ValueId id : graph_.inputs) {
    const Value& input = graph_.value(id);
    LOWBIT_TRY(check_activation(input));
    ValuePlace& place = lowered_.values[static_cast<size_t>(id)];
    if (place.slot == kNoSlot) {
      place = {.slot = new_slot(value_bytes(input)), .layout = Layout::kRowMajor};
      lowered_.slots.back().last_use = kEndOfRun;
    }
    lowered_.inputs.push_back(place.slot);
  }
  if (is_engine_layout_kept_) {
    for (const ValueId id : graph_.inputs) keep_engine_layout(id);
  }
  return success();
}

void Lowering::keep_engine_layout(ValueId id) {
  const Layout layout = activation_layout(graph_.value(id).shape);
  const Slot slot = slot_in_layout(id, layout);
  lowered_.values[static_cast<size_t>(id)] = {.slot = slot, .layout = layout};
  keep_if_asked(id);
}

void Lowering::keep_if_asked(ValueId id) {
  const auto index = static_cast<size_t>(id);
  if (!pinned_[index] && !keep_values_) return;
  lowered_.slots[static_cast<size_t>(lowered_.values[index].slot)].last_use = kEndOfRun;
}

Status Lowering::lower_nodes(const PlanOptions& options) {
  for (size_t index = 0; index < graph_.nodes.size(); ++index) {
    const Node& current = graph_.nodes[index];
    LOWBIT_TRY(check_activation(graph_.value(current.output)));
    NodeSteps steps;
    steps.first_step = lowered_.steps.size();
    steps.overridden = options.is_overridden && options.is_overridden(current);
    if (byte_functions_ && byte_functions_->is_skipped(index)) {
      // What reads it is a table.
    } else if (steps.overridden) {
      make_output_slot(index);
      for (const ValueId id : current.inputs) {
        if (id == kNoValue || graph_.value(id).constant) continue;
        touch(lowered_.values[static_cast<size_t>(id)].slot);
      }
      ++now_;
    } else {
      LOWBIT_TRY(kLowerFunctions[static_cast<size_t>(current.op)](*this, index));
      if (is_engine_layout_kept_) keep_engine_layout(current.output);
    }
    steps.last_step = lowered_.steps.size();
    lowered_.nodes.push_back(steps);
  }
  return success();
}

Status Lowering::lower_outputs() {
  for (const ValueId id : graph_.outputs) {
    LOWBIT_TRY(check_activation(graph_.value(id)));
    const Slot slot = slot_in_layout(id, Layout::kRowMajor);
    lowered_.slots[static_cast<size_t>(slot)].last_use = kEndOfRun;
    lowered_.outputs.push_back(slot);
  }
  return success();
}

Result<Lowered> lower_graph(const Graph& graph, const PlanOptions& options) {
  Lowering lowering(graph, options);
  LOWBIT_TRY(lowering.lower_inputs());
  LOWBIT_TRY(lowering.lower_nodes(options));
  LOWBIT_TRY(lowering.lower_outputs());
  return std::move(lowering.lowered_);
}

}  // namespace lowbit::engine

// make_plan: from a graph to steps, an arena and packed constants.
#include <utility>

#include "base/text.h"
#include "engine/state.h"
#include "graph/shape_inference.h"
#include "graph/validate.h"
#include "kernels/probe.h"

namespace lowbit {

namespace {

Result<std::shared_ptr<Buffer>> allocate(int64_t byte_count, const char* what) {
  if (byte_count > kMaxPlanBytes) {
    return make_error(ErrorCode::kLimitExceeded,
                      format_text("{} would take {} bytes, more than {}; run fewer samples at once",
                                  what, byte_count, kMaxPlanBytes));
  }
  auto buffer = Buffer::allocate(static_cast<size_t>(byte_count));
  if (buffer) return buffer;
  return make_error(ErrorCode::kOutOfMemory,
                    format_text("could not allocate {} bytes for {}", byte_count, what));
}

template <class Element>
void fill_elements(const engine::LaidOutConstant& constant, const Tensor& tensor,
                   const engine::Memory& memory) {
  engine::copy_strided(reinterpret_cast<const Element*>(tensor.raw()), constant.view,
                       memory.at<Element>(constant.slot));
}

// Lays a constant out in its place.
void fill(const engine::LaidOutConstant& constant, const Tensor& tensor,
          const engine::Memory& memory) {
  const size_t element_bytes = dtype_bytes(tensor.dtype());
  if (element_bytes == 1) {
    fill_elements<uint8_t>(constant, tensor, memory);
  } else if (element_bytes == 4) {
    fill_elements<uint32_t>(constant, tensor, memory);
  } else {
    fill_elements<uint64_t>(constant, tensor, memory);
  }
}

Failure mismatch(ErrorCode code, const Value& value, const char* what) {
  return make_error(code, format_text("constant '{}' {} in the plan", value.name, what),
                    value.name);
}

}  // namespace

Plan::Plan(std::unique_ptr<State> state) : state_(std::move(state)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

const Graph& Plan::graph() const { return state_->graph; }
std::span<const ValueView> Plan::inputs() const { return state_->inputs; }
std::span<const ValueView> Plan::outputs() const { return state_->outputs; }
size_t Plan::arena_bytes() const { return state_->arena->byte_count(); }
size_t Plan::packed_bytes() const { return static_cast<size_t>(state_->lowered.constant_bytes); }

Status Plan::State::pack() {
  for (const engine::LaidOutConstant& constant : lowered.constants) {
    fill(constant, *graph.value(constant.value).constant, memory);
  }
  engine::PackContext context(graph, {pack_room->data(), pack_room->byte_count()});
  for (const std::unique_ptr<engine::Step>& step : lowered.steps) {
    LOWBIT_TRY(step->pack(context));
    context.release_all();
  }
  return success();
}

void Plan::State::make_override_views() {
  overrides.clear();
  for (size_t node = 0; node < graph.nodes.size(); ++node) {
    if (!lowered.nodes[node].overridden) continue;
    OverrideViews views;
    views.node = node;
    for (const ValueId id : graph.nodes[node].inputs) {
      views.inputs.push_back(id == kNoValue ? ValueView{} : view_of(id));
    }
    views.output = view_of(graph.nodes[node].output);
    overrides.push_back(std::move(views));
  }
}

Status Plan::update_constants(const Graph& graph) {
  Graph& planned = state_->graph;
  if (graph.values.size() != planned.values.size()) {
    return make_error(ErrorCode::kInvalidArgument,
                      format_text("the graph has {} values, the planned one {}",
                                  graph.values.size(), planned.values.size()));
  }
  for (size_t i = 0; i < planned.values.size(); ++i) {
    const std::optional<Tensor>& before = planned.values[i].constant;
    const std::optional<Tensor>& after = graph.values[i].constant;
    if (before.has_value() != after.has_value()) {
      return mismatch(ErrorCode::kInvalidArgument, graph.values[i], "is not one");
    }
    if (!before) continue;
    if (before->dtype() != after->dtype()) {
      return mismatch(ErrorCode::kTypeMismatch, graph.values[i], "has another type");
    }
    if (before->shape() != after->shape()) {
      return mismatch(ErrorCode::kShapeMismatch, graph.values[i], "has another shape");
    }
  }
  for (size_t i = 0; i < planned.values.size(); ++i) {
    planned.values[i].constant = graph.values[i].constant;
  }
  state_->make_override_views();
  return state_->pack();
}

Result<Plan> make_plan(const Graph& graph, std::span<const Shape> input_shapes,
                       const PlanOptions& options) {
  LOWBIT_TRY(validate(graph));
  if (!kernels::computes_exactly(options.tier)) {
    return make_error(
        ErrorCode::kUnsupportedFeature,
        format_text(
            "this binary lacks the tier {}, or this machine computes its integers otherwise",
            tier_name(options.tier)));
  }
  auto state = std::make_unique<Plan::State>();
  LOWBIT_ASSIGN(state->graph, specialize(graph, input_shapes));
  state->options = options;
  LOWBIT_ASSIGN(state->lowered, engine::lower_graph(state->graph, options));
  LOWBIT_ASSIGN(state->layout, engine::lay_out_arena(state->lowered.slots));
  LOWBIT_ASSIGN(state->arena, allocate(state->layout.bytes, "the activations"));
  LOWBIT_ASSIGN(state->pack_room,
                allocate(state->lowered.pack_room_bytes, "the packing of constants"));
  state->memory = engine::Memory(state->arena->data(), state->layout.offsets);
  for (const std::unique_ptr<engine::Step>& step : state->lowered.steps) {
    step->bind(state->memory);
  }
  LOWBIT_TRY(state->pack());

  const Graph& planned = state->graph;
  state->is_readable = std::vector<bool>(planned.values.size(), options.keep_values);
  const auto place = [&](ValueId id, engine::Slot slot) {
    const Value& value = planned.value(id);
    state->is_readable[static_cast<size_t>(id)] = true;
    return ValueView{.id = id,
                     .dtype = value.dtype,
                     .shape = value.shape,
                     .data = state->memory.at<std::byte>(slot),
                     .quant = value.quant ? &*value.quant : nullptr};
  };
  for (size_t i = 0; i < planned.inputs.size(); ++i) {
    state->inputs.push_back(place(planned.inputs[i], state->lowered.inputs[i]));
  }
  for (size_t i = 0; i < planned.outputs.size(); ++i) {
    state->outputs.push_back(place(planned.outputs[i], state->lowered.outputs[i]));
  }
  state->make_override_views();
  return Plan(std::move(state));
}

}  // namespace lowbit

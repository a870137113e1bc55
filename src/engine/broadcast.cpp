#include "engine/broadcast.h"

#include <algorithm>

namespace lowbit::engine {

namespace {

BroadcastOperand make_operand(Lowering& lowering, size_t node, size_t input, const Shape& output) {
  const Value& value = lowering.input_value(node, input);
  if (value.constant) {
    const ValueId id = lowering.node(node).inputs[input];
    return {lowering.lay_out_constant(id, dense_view(value.shape)),
            broadcast_view(value.shape, Layout::kRowMajor, output).strides};
  }
  const Layout layout = lowering.input_layout(node, input);
  return {lowering.input_slot(node, input, layout),
          broadcast_view(value.shape, layout, output).strides};
}

// Dimensions `axis` and `axis + 1` are one for every operand.
bool are_one(const Broadcast& walk, int axis) {
  const auto i = static_cast<size_t>(axis);
  return std::ranges::all_of(walk.operands, [&](const BroadcastOperand& operand) {
    return operand.strides[i] == operand.strides[i + 1] * walk.dims[axis + 1];
  });
}

void join(Broadcast& walk, int axis) {
  Shape dims = walk.dims;
  dims[axis + 1] *= dims[axis];
  std::vector<int64_t> kept(dims.dims().begin(), dims.dims().end());
  kept.erase(kept.begin() + axis);
  walk.dims = *Shape::from_dims(kept);
  for (BroadcastOperand& operand : walk.operands) {
    std::copy(operand.strides.begin() + axis + 1, operand.strides.end(),
              operand.strides.begin() + axis);
  }
}

void join_all(Broadcast& walk) {
  for (int axis = walk.dims.rank() - 2; axis >= 0; --axis) {
    if (are_one(walk, axis)) join(walk, axis);
  }
}

}  // namespace

Broadcast reordered(const Broadcast& walk, std::span<const int> axes) {
  std::vector<int64_t> dims;
  for (const int axis : axes) dims.push_back(walk.dims[axis]);
  Broadcast result{.dims = *Shape::from_dims(dims), .operands = {}};
  for (const BroadcastOperand& operand : walk.operands) {
    BroadcastOperand& moved = result.operands.emplace_back();
    moved.slot = operand.slot;
    for (size_t i = 0; i < axes.size(); ++i) {
      moved.strides[i] = operand.strides[static_cast<size_t>(axes[i])];
    }
  }
  join_all(result);
  return result;
}

Broadcast broadcast_operands(Lowering& lowering, size_t node) {
  const Shape& output = lowering.output_value(node).shape;
  Broadcast walk{.dims = memory_shape(output), .operands = {}};
  for (size_t i = 0; i < lowering.node(node).inputs.size(); ++i) {
    walk.operands.push_back(make_operand(lowering, node, i, output));
  }
  join_all(walk);
  return walk;
}

Slot broadcast_output_slot(Lowering& lowering, size_t node) {
  const Value& output = lowering.output_value(node);
  const Layout layout = activation_layout(output.shape);
  const std::vector<ValueId>& inputs = lowering.node(node).inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& input = lowering.input_value(node, i);
    const bool is_alike = input.shape == output.shape && input.dtype == output.dtype;
    if (!is_alike || !lowering.may_overwrite(node, inputs[i])) continue;
    if (lowering.input_layout(node, i) != layout && !is_row_major_too(input.shape)) continue;
    const Slot slot = lowering.input_slot(node, i);
    lowering.reuse_slot_for_output(node, slot);
    return slot;
  }
  return lowering.make_output_slot(node);
}

}  // namespace lowbit::engine

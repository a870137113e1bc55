// LayerNormalization, RMSNormalization, InstanceNormalization, GroupNormalization: rows of a value
// in ONNX's order, whose scales are constants or computed.
#include "engine/steps.h"
#include "kernels/normalize/normalize.h"

namespace lowbit::engine {

namespace {

Status lower_normalization(Lowering& lowering, size_t index, const kernels::NormalizeRows& call) {
  const Slot input = lowering.input_slot(index, 0, Layout::kRowMajor);
  const Slot scale = lowering.input_slot(index, 1, Layout::kRowMajor);
  const Node& node = lowering.node(index);
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  const Slot bias = has_bias ? lowering.input_slot(index, 2, Layout::kRowMajor) : kNoSlot;
  const Slot output = lowering.make_output_slot(index, Layout::kRowMajor);
  const auto bind = [=](kernels::NormalizeRows& arguments, const Memory& memory) {
    arguments.input = memory.at<float>(input);
    arguments.scale = memory.at<float>(scale);
    arguments.bias = bias == kNoSlot ? nullptr : memory.at<float>(bias);
    arguments.output = memory.at<float>(output);
  };
  lowering.emit(make_step(&kernels::normalize_rows, call, bind),
                {input, scale, has_bias ? bias : scale, output});
  return success();
}

// Rows of all dimensions from the axis on.
Status lower_trailing(Lowering& lowering, size_t index, bool is_centred) {
  const auto& attributes = std::get<NormalizationAttributes>(lowering.node(index).attributes);
  const Shape& x = lowering.input_value(index, 0).shape;
  const int axis =
      static_cast<int>(attributes.axis < 0 ? attributes.axis + x.rank() : attributes.axis);
  return lower_normalization(lowering, index,
                             {.rows = product(x, 0, axis),
                              .blocks = product(x, axis, x.rank()),
                              .epsilon = attributes.epsilon,
                              .is_centred = is_centred});
}

// Rows of equal parts of the channels of a sample.
Status lower_channels(Lowering& lowering, size_t index, int64_t groups) {
  const auto& attributes = std::get<NormalizationAttributes>(lowering.node(index).attributes);
  const Shape& x = lowering.input_value(index, 0).shape;
  return lower_normalization(lowering, index,
                             {.rows = x[0] * groups,
                              .blocks = x[1] / groups,
                              .inner = product(x, 2, x.rank()),
                              .period = groups,
                              .epsilon = attributes.epsilon});
}

}  // namespace

template <>
Status lower<Op::kLayerNormalization>(Lowering& lowering, size_t index) {
  return lower_trailing(lowering, index, true);
}

template <>
Status lower<Op::kRMSNormalization>(Lowering& lowering, size_t index) {
  return lower_trailing(lowering, index, false);
}

template <>
Status lower<Op::kInstanceNormalization>(Lowering& lowering, size_t index) {
  return lower_channels(lowering, index, lowering.input_value(index, 0).shape[1]);
}

template <>
Status lower<Op::kGroupNormalization>(Lowering& lowering, size_t index) {
  return lower_channels(lowering, index,
                        std::get<NormalizationAttributes>(lowering.node(index).attributes).groups);
}

}  // namespace lowbit::engine

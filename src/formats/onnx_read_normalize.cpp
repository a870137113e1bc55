// LayerNormalization, RMSNormalization, InstanceNormalization, GroupNormalization.
#include "base/text.h"
#include "formats/onnx_read.h"

namespace lowbit {

namespace {

// stash_type: in which type the statistics are computed; here it is always float32.
NormalizationAttributes read_normalization(const NodeSource& source) {
  NormalizationAttributes norm;
  norm.epsilon = source.attributes.real("epsilon", norm.epsilon);
  return norm;
}

NormalizationAttributes read_trailing(const NodeSource& source) {
  NormalizationAttributes norm = read_normalization(source);
  norm.axis = source.attributes.integer("axis", norm.axis);
  source.attributes.integer("stash_type", 1);
  return norm;
}

// [groups], each repeated for the channels of its group.
Result<Tensor> per_channel(const Tensor& of_groups, int64_t channels) {
  LOWBIT_ASSIGN(Tensor result, Tensor::allocate(DType::kF32, {channels}));
  const auto from = of_groups.data<float>();
  const auto to = result.mutable_data<float>();
  for (size_t c = 0; c < to.size(); ++c) to[c] = from[c * from.size() / to.size()];
  return result;
}

bool is_output_used(const NodeSource& source, size_t output) {
  return output < source.node.outputs.size() &&
         source.parameters.constants().index().is_used(source.node.outputs[output]);
}

// The statistics that LayerNormalization has as outputs: mean and 1 / sqrt(variance + epsilon).
Status add_statistics(const NodeSource& source, const NormalizationAttributes& norm,
                      Expansion& expansion) {
  ReduceAttributes rows;
  const int rank = source.inputs[0]->shape.rank();
  for (int64_t axis = norm.axis < 0 ? norm.axis + rank : norm.axis; axis < rank; ++axis) {
    rows.axes.push_back(axis);
  }
  const Operand x = Operand::input(0);
  const Operand mean = expansion.add({Op::kReduceMean, {x}, rows});
  const Operand distance = expansion.add({Op::kSub, {x, mean}});
  const Operand square = expansion.add({Op::kMul, {distance, distance}});
  const Operand variance = expansion.add({Op::kReduceMean, {square}, rows});
  LOWBIT_ASSIGN(Tensor constant, Tensor::from_values<float>({}, std::span(&norm.epsilon, 1)));
  const Operand epsilon = expansion.add(std::move(constant));
  const Operand spread = expansion.add({Op::kAdd, {variance, epsilon}});
  const Operand deviation = expansion.add({Op::kSqrt, {spread}, UnaryAttributes{}});
  const Operand inverse = expansion.add({Op::kReciprocal, {deviation}, UnaryAttributes{}});
  expansion.outputs = {0, mean.index, inverse.index};
  return success();
}

}  // namespace

Result<Expansion> read_layer_normalization(const NodeSource& source) {
  const NormalizationAttributes norm = read_trailing(source);
  Expansion expansion = same_node(source, norm);
  const int64_t rank =
      source.inputs.empty() || !source.inputs[0] ? 0 : source.inputs[0]->shape.rank();
  const bool has_axis = norm.axis >= -rank && norm.axis < rank;
  if (has_axis && (is_output_used(source, 1) || is_output_used(source, 2))) {
    LOWBIT_TRY(add_statistics(source, norm, expansion));
  }
  return expansion;
}

// ONNX's of opset 23, and ONNX Runtime's SimplifiedLayerNormalization, which came before it.
Result<Expansion> read_rms_normalization(const NodeSource& source) {
  Expansion expansion;
  MadeNode node{.op = Op::kRMSNormalization, .attributes = read_trailing(source)};
  for (size_t i = 0; i < source.inputs.size(); ++i) {
    node.inputs.push_back(source.inputs[i] ? Operand::input(i) : Operand::none());
  }
  expansion.add(std::move(node));
  return expansion;
}

Result<Expansion> read_instance_normalization(const NodeSource& source) {
  return same_node(source, read_normalization(source));
}

// Before opset 21 a group has one scale and one bias, not a channel.
Result<Expansion> read_group_normalization(const NodeSource& source) {
  NormalizationAttributes norm = read_normalization(source);
  norm.groups = source.attributes.integer("num_groups", 0);
  if (source.opset >= 21) source.attributes.integer("stash_type", 1);
  Expansion expansion = same_node(source, norm);
  if (source.opset >= 21) return expansion;
  const bool is_given = source.inputs.size() == 3 && source.inputs[0] && source.inputs[1] &&
                        source.inputs[2] && source.inputs[0]->shape.rank() >= 2;
  if (!is_given || norm.groups < 1 || source.inputs[0]->shape[1] < norm.groups ||
      source.inputs[0]->shape[1] % norm.groups != 0) {
    return source.refuse(ErrorCode::kInvalidModel,
                         "its input has no channels that make the groups");
  }
  for (size_t i = 1; i < 3; ++i) {
    LOWBIT_ASSIGN(const Tensor of_groups, source.constant(i, i == 1 ? "scale" : "bias"));
    if (of_groups.dtype() != DType::kF32 || of_groups.shape() != Shape{norm.groups}) {
      return source.refuse(ErrorCode::kInvalidModel, "it needs one scale and bias per group");
    }
    LOWBIT_ASSIGN(Tensor of_channels, per_channel(of_groups, source.inputs[0]->shape[1]));
    expansion.nodes[0].inputs[i] = expansion.add(std::move(of_channels));
  }
  return expansion;
}

}  // namespace lowbit

// Products, normalization, and functions of each element.
#include <cmath>

#include "base/text.h"
#include "formats/onnx_read.h"
#include "formats/onnx_tensor.h"

namespace lowbit {

namespace {

// Where a bound is a tensor of another type than float32: y = Min(Max(x, min), max).
Result<Expansion> clip_integers(const NodeSource& source) {
  Expansion expansion;
  Operand at = Operand::input(0);
  for (const size_t input : {size_t{1}, size_t{2}}) {
    if (!source.has(input)) continue;
    LOWBIT_ASSIGN(Tensor bound, source.constant(input, input == 1 ? "min" : "max"));
    const Operand constant = expansion.add(std::move(bound));
    at = expansion.add({input == 1 ? Op::kMax : Op::kMin, {at, constant}});
  }
  if (expansion.nodes.empty()) expansion.add(MadeNode{Op::kIdentity, {at}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

}  // namespace

Result<Expansion> read_same(const NodeSource& source) { return same_node(source); }

// A function of two values, of any number of them: one after the other.
Result<Expansion> read_chain(const NodeSource& source) {
  const Op op = source.node.op.value_or(Op::kAdd);
  if (source.node.inputs.empty()) return source.refuse(ErrorCode::kInvalidModel, "it has no input");
  Expansion expansion;
  Operand at = Operand::input(0);
  for (size_t i = 1; i < source.node.inputs.size(); ++i) {
    at = expansion.add({op, {at, Operand::input(i)}});
  }
  if (expansion.nodes.empty()) expansion.add(MadeNode{Op::kIdentity, {at}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

Result<Expansion> read_gemm(const NodeSource& source) {
  GemmAttributes gemm;
  gemm.alpha = source.attributes.real("alpha", 1.0f);
  gemm.beta = source.attributes.real("beta", 1.0f);
  gemm.transpose_a = source.attributes.flag("transA", false);
  gemm.transpose_b = source.attributes.flag("transB", false);
  return same_node(source, gemm);
}

Result<ClipAttributes> read_bounds(const NodeSource& source) {
  if (source.node.op == Op::kRelu) return ClipAttributes{.min = 0.0f};
  ClipAttributes clip;
  if (source.opset < 11) {
    clip.min = source.attributes.real("min", clip.min);
    clip.max = source.attributes.real("max", clip.max);
    if (source.node.inputs.size() > 1) {
      source.attributes.fail(ErrorCode::kInvalidModel, "Clip of opset < 11 has one input");
    }
  } else {
    LOWBIT_ASSIGN(const auto min, source.scalar(1, "min"));
    LOWBIT_ASSIGN(const auto max, source.scalar(2, "max"));
    clip.min = min.value_or(clip.min);
    clip.max = max.value_or(clip.max);
  }
  if (std::isnan(clip.min) || std::isnan(clip.max)) {
    source.attributes.fail(ErrorCode::kInvalidModel, "a bound is not a number");
  }
  return clip;
}

Result<Expansion> read_clip(const NodeSource& source) {
  const Value* const input = source.inputs.empty() ? nullptr : source.inputs[0];
  if (input && !input->quant && input->dtype != DType::kF32) return clip_integers(source);
  LOWBIT_ASSIGN(const ClipAttributes clip, read_bounds(source));
  return same_node(source, clip);
}

Result<Expansion> read_batch_normalization(const NodeSource& source) {
  BatchNormalizationAttributes norm;
  norm.epsilon = source.attributes.real("epsilon", norm.epsilon);
  norm.momentum = source.attributes.real("momentum", norm.momentum);
  if (source.opset < 9 && source.attributes.integer("spatial", 1) != 1) {
    source.attributes.fail(ErrorCode::kUnsupportedFeature,
                           "statistics per element (spatial = 0) are not supported");
  }
  if (source.opset >= 14 && source.attributes.integer("training_mode", 0) != 0) {
    source.attributes.fail(ErrorCode::kUnsupportedFeature,
                           "training_mode = 1 is not supported; export the model for inference");
  }
  return same_node(source, norm);
}

// Softmax of opset < 13 works on the matrix that Flatten(axis) makes of its input. It is read where
// one axis means the same: all other dimensions from `axis` on are 1.
Result<Expansion> read_softmax(const NodeSource& source) {
  const int64_t axis = source.attributes.integer("axis", source.opset < 13 ? 1 : -1);
  if (source.opset >= 13 || source.inputs.empty() || !source.inputs[0]) {
    return same_node(source, AxisAttributes{axis});
  }
  const Shape& input = source.inputs[0]->shape;
  const int64_t first = axis < 0 ? axis + input.rank() : axis;
  std::optional<int64_t> only;
  for (int64_t i = std::max<int64_t>(first, 0); i < input.rank(); ++i) {
    if (input[static_cast<int>(i)] == 1) continue;
    if (only) {
      return source.refuse(ErrorCode::kUnsupportedFeature,
                           "over several axes at once, as opset < 13 has it");
    }
    only = i;
  }
  return same_node(source, AxisAttributes{only.value_or(first)});
}

// The exponent may have another type than the base, which is that of the result.
Result<Expansion> read_pow(const NodeSource& source) {
  const bool are_given = source.inputs.size() == 2 && source.inputs[0] && source.inputs[1];
  if (!are_given || source.inputs[0]->dtype == source.inputs[1]->dtype) return same_node(source);
  const DType base = source.inputs[0]->dtype;
  Expansion expansion;
  // Integers to powers of reals are reals, before they are integers again.
  const bool as_reals = source.inputs[1]->dtype == DType::kF32;
  const DType type = as_reals ? DType::kF32 : base;
  std::vector<Operand> operands;
  for (size_t i = 0; i < 2; ++i) {
    const Operand input = Operand::input(i);
    operands.push_back(source.inputs[i]->dtype == type
                           ? input
                           : expansion.add({Op::kCast, {input}, CastAttributes{.to = type}}));
  }
  Operand power = expansion.add({Op::kPow, operands});
  if (as_reals) expansion.add(MadeNode{Op::kCast, {power}, CastAttributes{.to = base}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

Result<Expansion> read_cast(const NodeSource& source) {
  const OnnxType to{source.attributes.integer("to", 0)};
  source.attributes.integer("saturate", 1);  // of float8 only
  const std::optional<DType> dtype = dtype_of_onnx(to);
  if (!dtype) {
    return source.refuse(ErrorCode::kUnsupportedFeature,
                         format_text("a Cast to {} is not supported", onnx_type_name(to)));
  }
  return same_node(source, CastAttributes{.to = *dtype, .to_half = to == OnnxType::kFloat16});
}

Result<Expansion> read_unary(const NodeSource& source) {
  const UnaryInfo& info = unary_info(*unary_function(*source.node.op));
  if (source.opset < info.opset) {
    return source.refuse(
        ErrorCode::kInvalidModel,
        format_text("it needs opset {}; the model has {}", info.opset, source.opset));
  }
  UnaryAttributes unary{.parameters = {info.alpha, info.beta}};
  if (!info.alpha_name.empty()) {
    unary.parameters.alpha = source.attributes.real(info.alpha_name, info.alpha);
  }
  if (!info.beta_name.empty()) {
    unary.parameters.beta = source.attributes.real(info.beta_name, info.beta);
  }
  if (source.node.op == Op::kGelu) {
    const std::string_view approximate = source.attributes.text("approximate", "none");
    unary.approximate = approximate == "tanh";
    if (!unary.approximate && approximate != "none") {
      source.attributes.fail(ErrorCode::kInvalidModel,
                             format_text("'{}' is not a value of approximate", approximate));
    }
  }
  return same_node(source, unary);
}

}  // namespace lowbit

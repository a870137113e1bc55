#include "graph/type_rules.h"

#include <cmath>

#include "base/text.h"
#include "graph/errors.h"

namespace lowbit {

namespace {

// "int8 with parameters".
std::string type_text(const Value& value) {
  return std::string(dtype_name(value.dtype)) + (value.quant ? " with parameters" : "");
}

bool is_real(const Value& value) { return value.dtype == DType::kF32 && !value.quant; }

bool is_quantized_activation(const Value& value) {
  return value.quant && value.quant->storage == DType::kU8 && value.quant->per_tensor();
}

float scale_at(const QuantParams& params, size_t channel) {
  return params.per_tensor() ? params.scale[0] : params.scale[channel];
}

// How many of a node's inputs are activations; the others are weights, biases and other constants.
size_t activation_count(const Node& node) {
  switch (node.op) {
    case Op::kConv:
    case Op::kGemm:
    case Op::kMatMul:
    case Op::kBatchNormalization:
      return 1;
    default:
      return node.inputs.size();
  }
}

int output_channel_axis(const Node& node, const Shape& weight) {
  switch (node.op) {
    case Op::kGemm:
      return std::get<GemmAttributes>(node.attributes).transpose_b ? 0 : 1;
    case Op::kMatMul:
      return weight.rank() - 1;
    default:
      return 0;
  }
}

Failure type_error(const Node& node, const char* what, const Value& value, const char* needed) {
  return node_error(
      ErrorCode::kTypeMismatch, node,
      format_text("{} '{}' is {}, it must be {}", what, value.name, type_text(value), needed));
}

Status check_symmetric(const Node& node, const Value& value) {
  for (const int32_t zero_point : value.quant->zero_point) {
    if (zero_point != 0) {
      return node_error(ErrorCode::kUnsupportedFeature, node,
                        format_text("'{}' has a zero point of {}; weights and biases must have 0",
                                    value.name, zero_point));
    }
  }
  return success();
}

// The bias is added to the accumulator as it is, so it must count in the accumulator's unit.
Status check_integer_bias(const Node& node, const Value& x, const Value& weight, const Value& bias,
                          int64_t channels) {
  if (!bias.quant || bias.dtype != DType::kI32) {
    return type_error(node, "bias", bias, "int32 with parameters");
  }
  if (bias.shape != Shape{channels}) {
    return node_error(ErrorCode::kUnsupportedFeature, node,
                      format_text("integer bias '{}' has shape {}, it must be {}", bias.name,
                                  bias.shape.to_string(), Shape{channels}.to_string()));
  }
  LOWBIT_TRY(check_symmetric(node, bias));
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    const float expected = x.quant->scale[0] * scale_at(*weight.quant, c);
    if (scale_at(*bias.quant, c) != expected) {
      return node_error(
          ErrorCode::kInvalidModel, node,
          format_text("bias '{}' has scale {} in channel {}, input scale times weight scale is {}",
                      bias.name, real_text(scale_at(*bias.quant, c)), c, real_text(expected)));
    }
  }
  return success();
}

// Conv, Gemm and MatMul of integers.
Status check_integer_product(const Graph& graph, const Node& node) {
  const Value& x = graph.value(node.inputs[0]);
  const Value& weight = graph.value(node.inputs[1]);
  if (!weight.constant) {
    return node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("weight '{}' of an integer product must be a constant", weight.name));
  }
  if (!weight.quant || weight.dtype != DType::kI8) {
    return type_error(node, "weight", weight, "int8 with parameters");
  }
  if (weight.shape.rank() < 2) {
    return node_error(ErrorCode::kUnsupportedFeature, node,
                      format_text("weight '{}' of an integer product is a vector", weight.name));
  }
  const int axis = output_channel_axis(node, weight.shape);
  if (!weight.quant->per_tensor() && weight.quant->axis != axis) {
    return node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("weight '{}' is quantized along axis {}; its output channels lie along {}",
                    weight.name, weight.quant->axis, axis));
  }
  LOWBIT_TRY(check_symmetric(node, weight));
  if (const auto* gemm = std::get_if<GemmAttributes>(&node.attributes);
      gemm && (gemm->alpha != 1.0f || gemm->beta != 1.0f)) {
    return node_error(ErrorCode::kUnsupportedFeature, node,
                      "alpha and beta of an integer product must be 1");
  }
  if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return success();
  return check_integer_bias(node, x, weight, graph.value(node.inputs[2]), weight.shape[axis]);
}

Status check_quantize_linear(const Graph& graph, const Node& node) {
  const Value& x = graph.value(node.inputs[0]);
  const Value& y = graph.value(node.output);
  if (!is_real(x)) return type_error(node, "input", x, "float32");
  if (!is_quantized_activation(y)) {
    return type_error(node, "output", y, "uint8 with parameters, per tensor");
  }
  return success();
}

Status check_dequantize_linear(const Graph& graph, const Node& node) {
  const Value& x = graph.value(node.inputs[0]);
  const Value& y = graph.value(node.output);
  if (!is_quantized_activation(x)) {
    return type_error(node, "input", x, "uint8 with parameters, per tensor");
  }
  if (!is_real(y)) return type_error(node, "output", y, "float32");
  return success();
}

}  // namespace

bool only_moves_values(Op op) {
  return op == Op::kMaxPool || op == Op::kFlatten || op == Op::kReshape || op == Op::kIdentity ||
         op == Op::kDropout;
}

Status check_value_type(const Value& value) {
  if (!value.quant) {
    if (value.constant || value.dtype == DType::kF32) return success();
    return value_error(
        ErrorCode::kTypeMismatch, value,
        format_text("it is {}; an activation must be float32, or have quantization parameters",
                    type_text(value)));
  }
  const QuantParams& q = *value.quant;
  if (q.storage != value.dtype) {
    return value_error(ErrorCode::kTypeMismatch, value,
                       format_text("it is {}, its parameters are for {}", dtype_name(value.dtype),
                                   dtype_name(q.storage)));
  }
  const std::optional<IntegerRange> range = storage_range(q.storage);
  if (!range) {
    return value_error(
        ErrorCode::kTypeMismatch, value,
        format_text("quantized values are uint8, int8 or int32, not {}", dtype_name(q.storage)));
  }
  if (q.qmin >= q.qmax || q.qmin < range->min || q.qmax > range->max) {
    return value_error(ErrorCode::kInvalidModel, value,
                       format_text("the integer range {}..{} is not one of {}", q.qmin, q.qmax,
                                   dtype_name(q.storage)));
  }
  if (q.axis >= value.shape.rank()) {
    return value_error(
        ErrorCode::kInvalidModel, value,
        format_text("it is quantized along axis {} of shape {}", q.axis, value.shape.to_string()));
  }
  const int64_t count = q.per_tensor() ? 1 : value.shape[q.axis];
  if (count < 0 || q.scale.size() != static_cast<size_t>(count) ||
      q.zero_point.size() != static_cast<size_t>(count)) {
    return value_error(
        ErrorCode::kInvalidModel, value,
        format_text("it has {} and {}, it needs {}",
                    count_of(static_cast<int64_t>(q.scale.size()), "scale"),
                    count_of(static_cast<int64_t>(q.zero_point.size()), "zero point"),
                    count_of(count, "pair")));
  }
  for (size_t i = 0; i < q.scale.size(); ++i) {
    if (!std::isnormal(q.scale[i]) || q.scale[i] < 0) {
      return value_error(ErrorCode::kInvalidModel, value,
                         format_text("scale {} is not a positive normal number", i));
    }
    if (q.zero_point[i] < q.qmin || q.zero_point[i] > q.qmax) {
      return value_error(
          ErrorCode::kInvalidModel, value,
          format_text("zero point {} is outside {}..{}", q.zero_point[i], q.qmin, q.qmax));
    }
  }
  return success();
}

Status check_node_types(const Graph& graph, const Node& node) {
  if (node.op == Op::kQuantizeLinear) return check_quantize_linear(graph, node);
  if (node.op == Op::kDequantizeLinear) return check_dequantize_linear(graph, node);

  const Value& output = graph.value(node.output);
  const bool is_integer = output.quant.has_value();
  if (is_integer && !op_info(node.op).has_integer) {
    return node_error(ErrorCode::kUnsupportedFeature, node, "it has no integer form");
  }
  if (is_integer && !is_quantized_activation(output)) {
    return node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("output '{}' is {}; activations must be uint8 with one scale and zero point",
                    output.name, type_text(output)));
  }
  const size_t activations = activation_count(node);
  const bool is_integer_product =
      is_integer && (node.op == Op::kConv || node.op == Op::kGemm || node.op == Op::kMatMul);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || (is_integer_product && i >= activations)) continue;
    const Value& input = graph.value(node.inputs[i]);
    if (is_integer ? !is_quantized_activation(input) : !is_real(input)) {
      return type_error(node, "input", input,
                        is_integer ? "uint8 with parameters, per tensor, as its output is"
                                   : "float32, as its output is");
    }
    if (is_integer && only_moves_values(node.op) && input.quant != output.quant) {
      return node_error(
          ErrorCode::kUnsupportedFeature, node,
          "it only moves values, so its output must have the parameters of its input");
    }
  }
  return is_integer_product ? check_integer_product(graph, node) : success();
}

}  // namespace lowbit

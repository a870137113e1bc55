#include "graph/type_rules.h"

#include <cmath>

#include "base/text.h"
#include "graph/dtype_rules.h"
#include "graph/errors.h"
#include "graph/product_weights.h"

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

Failure type_error(const Node& node, const char* what, const Value& value,
                   std::string_view needed) {
  return node_error(
      ErrorCode::kTypeMismatch, node,
      format_text("{} '{}' is {}, it must be {}", what, value.name, type_text(value), needed));
}

Status check_symmetric(const Node& node, const Value& value) {
  for (const int32_t zero_point : value.quant->zero_point) {
    if (zero_point != 0) {
      return node_error(
          ErrorCode::kUnsupportedFeature, node,
          format_text("'{}' has a zero point of {}; it must have 0", value.name, zero_point));
    }
  }
  return success();
}

// The bias is added to the accumulator as it is, so it must count in the accumulator's unit; where
// the weights are in blocks, in that of the block with the largest scale.
Status check_integer_bias(const Node& node, const Value& x, const Value& weight, const Value& bias,
                          int channel_axis) {
  if (!bias.quant || bias.dtype != DType::kI32) {
    return type_error(node, "bias", bias, "int32 with parameters");
  }
  const int64_t channels = weight.shape[channel_axis];
  if (bias.shape != Shape{channels}) {
    return node_error(ErrorCode::kUnsupportedFeature, node,
                      format_text("integer bias '{}' has shape {}, it must be {}", bias.name,
                                  bias.shape.to_string(), Shape{channels}.to_string()));
  }
  LOWBIT_TRY(check_symmetric(node, bias));
  const std::vector<float> weight_scales =
      channel_scales(*weight.quant, weight.shape, channel_axis);
  const std::vector<float> scales = channel_scales(*bias.quant, bias.shape, 0);
  for (size_t c = 0; c < scales.size(); ++c) {
    const float expected = x.quant->scale[0] * weight_scales[c];
    if (scales[c] != expected) {
      return node_error(
          ErrorCode::kInvalidModel, node,
          format_text("bias '{}' has scale {} in channel {}, input scale times weight scale is {}",
                      bias.name, real_text(scales[c]), c, real_text(expected)));
    }
  }
  return success();
}

Status check_factors(const Node& node) {
  const auto* gemm = std::get_if<GemmAttributes>(&node.attributes);
  if (!gemm || (gemm->alpha == 1.0f && gemm->beta == 1.0f)) return success();
  return node_error(ErrorCode::kUnsupportedFeature, node,
                    "alpha and beta of an integer product must be 1");
}

// Constant weights of a Conv, Gemm or MatMul that are integers.
Status check_integer_weight(const Node& node, const Value& weight) {
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
  const QuantParams& quant = *weight.quant;
  const bool has_blocks = quant.block_size > 0;
  const int axis =
      has_blocks ? reduction_axis(node, weight.shape) : output_channel_axis(node, weight.shape);
  if (!quant.per_tensor() && quant.axis != axis) {
    return node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("weight '{}' is quantized along axis {}; its {} along {}", weight.name,
                    quant.axis, has_blocks ? "blocks lie" : "output channels lie", axis));
  }
  if (has_blocks && !takes_blocks(node, weight.shape, quant.block_size)) {
    return node_error(ErrorCode::kUnsupportedFeature, node,
                      format_text("weight '{}' of the shape {} is in blocks of {}, in which its "
                                  "reduction cannot be divided",
                                  weight.name, weight.shape.to_string(), quant.block_size));
  }
  return check_factors(node);
}

// Float activations with integer weights.
Status check_weight_only(const Node& node, const Value& weight) {
  LOWBIT_TRY(check_integer_weight(node, weight));
  return check_symmetric(node, weight);
}

// Conv, Gemm and MatMul of integers.
Status check_integer_product(const Graph& graph, const Node& node) {
  const Value& x = graph.value(node.inputs[0]);
  const Value& weight = graph.value(node.inputs[1]);
  // A product of two activations.
  if (!weight.constant && is_quantized_activation(weight)) {
    LOWBIT_TRY(check_factors(node));
  } else {
    LOWBIT_TRY(check_integer_weight(node, weight));
    if (weight.quant->block_size > 0) LOWBIT_TRY(check_symmetric(node, weight));
  }
  if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return success();
  return check_integer_bias(node, x, weight, graph.value(node.inputs[2]),
                            output_channel_axis(node, weight.shape));
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
         op == Op::kDropout || op == Op::kSqueeze || op == Op::kUnsqueeze || op == Op::kTranspose ||
         op == Op::kSlice || op == Op::kGather || op == Op::kPad || op == Op::kExpand ||
         op == Op::kTile || op == Op::kDepthToSpace || op == Op::kSpaceToDepth;
}

bool is_placement(Op op, size_t input) {
  return input == 1 && (op == Op::kGather || op == Op::kExpand);
}

Status check_value_type(const Value& value) {
  if (!value.quant) return success();
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
  if (q.block_size < 0 || (q.block_size > 0 && q.per_tensor())) {
    return value_error(ErrorCode::kInvalidModel, value,
                       format_text("blocks of {} along axis {} are none", q.block_size, q.axis));
  }
  const int64_t count = scale_shape(q, value.shape).element_count().value_or(-1);
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
  if (node.inputs.size() == 1) {
    if (node.op == Op::kQuantizeLinear) return check_quantize_linear(graph, node);
    if (node.op == Op::kDequantizeLinear) return check_dequantize_linear(graph, node);
  }

  const Value& output = graph.value(node.output);
  const bool is_integer = output.quant.has_value();
  if (!is_integer) {
    LOWBIT_ASSIGN(const DType dtype, output_dtype(graph, node));
    if (output.dtype != dtype) {
      return type_error(node, "output", output, dtype_name(dtype));
    }
  }
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
  const bool is_integer_product = is_integer && is_product(node.op);
  // Float activations with integer weights.
  const bool is_weight_only =
      !is_integer && is_product(node.op) && graph.value(node.inputs[1]).quant;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || (is_integer_product && i >= activations)) continue;
    if ((is_weight_only && i == 1) || is_placement(node.op, i)) continue;
    const Value& input = graph.value(node.inputs[i]);
    if (is_integer ? !is_quantized_activation(input) : input.quant.has_value()) {
      return type_error(node, "input", input,
                        is_integer ? "uint8 with parameters, per tensor, as its output is"
                                   : "without parameters, as its output is");
    }
    if (is_integer && only_moves_values(node.op) && input.quant != output.quant) {
      return node_error(
          ErrorCode::kUnsupportedFeature, node,
          "it only moves values, so its output must have the parameters of its input");
    }
  }
  if (is_weight_only) return check_weight_only(node, graph.value(node.inputs[1]));
  return is_integer_product ? check_integer_product(graph, node) : success();
}

}  // namespace lowbit

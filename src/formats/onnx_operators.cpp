#include "formats/onnx_operators.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/onnx_attributes.h"

namespace lowbit {

namespace {

struct Source {
  const IndexedNode& node;
  int64_t opset;
  const std::optional<Shape>& weight;
  OnnxConstants& constants;
  AttributeReader& attributes;
};

bool has_input(const IndexedNode& node, size_t i) {
  return i < node.inputs.size() && node.inputs[i] != kNoTensor;
}

bool is_constant(const Source& source, size_t i) {
  return source.constants.index().tensor(source.node.inputs[i]).is_constant;
}

// Every operator of Lowbit has one output; what else ONNX gives serves training or is MaxPool's
// Indices.
Status check_outputs(const IndexedNode& node, const OnnxIndex& index) {
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    const TensorId output = node.outputs[i];
    // Exporters name Dropout's mask even where nothing reads it.
    if (output == kNoTensor || (node.op == Op::kDropout && !index.is_used(output))) continue;
    return onnx_node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("only its first output is supported, not '{}'", index.tensor(output).name));
  }
  return success();
}

// A constant input that becomes an attribute.
Result<std::optional<float>> scalar_input(const Source& source, size_t i, std::string_view what) {
  if (!has_input(source.node, i)) return std::optional<float>{};
  if (!is_constant(source, i)) {
    return onnx_node_error(ErrorCode::kUnsupportedFeature, source.node,
                           format_text("its input {} must be a constant", what));
  }
  LOWBIT_ASSIGN(const float value, source.constants.scalar(source.node.inputs[i]));
  return std::optional<float>(value);
}

// A list attribute of a two-dimensional window; `fallback` when it is not given.
Spatial spatial(AttributeReader& attributes, std::string_view name, Spatial fallback) {
  if (!attributes.has(name)) return fallback;
  const std::vector<int64_t> values = attributes.integers(name);
  if (values.size() != 2) {
    attributes.fail(
        ErrorCode::kUnsupportedFeature,
        format_text("only two spatial dimensions are supported; '{}' has {}", name, values.size()));
    return fallback;
  }
  return {values[0], values[1]};
}

WindowAttributes read_window(const Source& source, Spatial kernel_fallback) {
  AttributeReader& attributes = source.attributes;
  WindowAttributes window;
  window.kernel = spatial(attributes, "kernel_shape", kernel_fallback);
  window.stride = spatial(attributes, "strides", {1, 1});
  window.dilation = spatial(attributes, "dilations", {1, 1});
  const std::string_view auto_pad = attributes.text("auto_pad", "NOTSET");
  if (auto_pad == "SAME_UPPER") {
    window.auto_pad = AutoPad::kSameUpper;
  } else if (auto_pad == "SAME_LOWER") {
    window.auto_pad = AutoPad::kSameLower;
  } else if (auto_pad == "VALID") {
    window.auto_pad = AutoPad::kValid;
  } else if (auto_pad != "NOTSET" && !auto_pad.empty()) {
    attributes.fail(ErrorCode::kInvalidModel,
                    format_text("'{}' is not a value of auto_pad", auto_pad));
  }
  const std::vector<int64_t> pads = attributes.integers("pads");
  if (pads.empty() || window.auto_pad != AutoPad::kNotSet) return window;
  if (pads.size() != 4) {
    attributes.fail(ErrorCode::kUnsupportedFeature,
                    format_text("only two spatial dimensions are supported; 'pads' has {} numbers",
                                pads.size()));
    return window;
  }
  window.padding = {.top = pads[0], .left = pads[1], .bottom = pads[2], .right = pads[3]};
  for (const int64_t pad : pads) {
    if (pad < 0) attributes.fail(ErrorCode::kUnsupportedFeature, "negative padding");
  }
  return window;
}

Result<Attributes> read_conv(const Source& source) {
  const std::optional<Shape>& weight = source.weight;
  if (weight && weight->rank() != 4) {
    return onnx_node_error(
        ErrorCode::kUnsupportedFeature, source.node,
        format_text(
            "only convolutions over two dimensions are supported; the weight has the shape {}",
            weight->to_string()));
  }
  if (!weight && !source.attributes.has("kernel_shape")) {
    return onnx_node_error(ErrorCode::kUnsupportedFeature, source.node,
                           "the weight must be a constant");
  }
  ConvAttributes conv;
  conv.window = read_window(source, weight ? Spatial{(*weight)[2], (*weight)[3]} : Spatial{});
  conv.groups = source.attributes.integer("group", 1);
  if (weight && conv.window.kernel != Spatial{(*weight)[2], (*weight)[3]}) {
    source.attributes.fail(ErrorCode::kInvalidModel,
                           format_text("kernel_shape is not the kernel of a weight of the shape {}",
                                       weight->to_string()));
  }
  return Attributes(conv);
}

Result<Attributes> read_gemm(const Source& source) {
  GemmAttributes gemm;
  gemm.alpha = source.attributes.real("alpha", 1.0f);
  gemm.beta = source.attributes.real("beta", 1.0f);
  gemm.transpose_a = source.attributes.flag("transA", false);
  gemm.transpose_b = source.attributes.flag("transB", false);
  return Attributes(gemm);
}

Result<Attributes> read_clip(const Source& source) {
  ClipAttributes clip;
  if (source.opset < 11) {
    clip.min = source.attributes.real("min", clip.min);
    clip.max = source.attributes.real("max", clip.max);
    if (source.node.inputs.size() > 1) {
      source.attributes.fail(ErrorCode::kInvalidModel, "Clip of opset < 11 has one input");
    }
  } else {
    LOWBIT_ASSIGN(const auto min, scalar_input(source, 1, "min"));
    LOWBIT_ASSIGN(const auto max, scalar_input(source, 2, "max"));
    clip.min = min.value_or(clip.min);
    clip.max = max.value_or(clip.max);
  }
  if (std::isnan(clip.min) || std::isnan(clip.max)) {
    source.attributes.fail(ErrorCode::kInvalidModel, "a bound is not a number");
  }
  return Attributes(clip);
}

Result<Attributes> read_pool(const Source& source) {
  const bool is_max = source.node.op == Op::kMaxPool;
  if (!source.attributes.has("kernel_shape")) {
    return onnx_node_error(ErrorCode::kInvalidModel, source.node, "it has no kernel_shape");
  }
  PoolAttributes pool;
  pool.window = read_window(source, {});
  pool.ceil_mode = source.attributes.flag("ceil_mode", false);
  if (!is_max) {
    pool.count_include_pad = source.attributes.flag("count_include_pad", false);
  } else if (source.attributes.integer("storage_order", 0) != 0) {
    source.attributes.fail(ErrorCode::kUnsupportedFeature,
                           "only row-major storage_order is supported");
  }
  return Attributes(pool);
}

Result<Attributes> read_batch_normalization(const Source& source) {
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
  return Attributes(norm);
}

Result<Attributes> read_reshape(const Source& source) {
  ReshapeAttributes reshape;
  if (!has_input(source.node, 1)) {
    return onnx_node_error(ErrorCode::kInvalidModel, source.node, "it has no input shape");
  }
  if (!is_constant(source, 1)) {
    return onnx_node_error(ErrorCode::kUnsupportedFeature, source.node,
                           "its input shape must be a constant");
  }
  LOWBIT_ASSIGN(reshape.shape, source.constants.integers(source.node.inputs[1]));
  if (source.opset >= 14) reshape.allow_zero = source.attributes.flag("allowzero", false);
  return Attributes(reshape);
}

Result<Attributes> read_dropout(const Source& source) {
  // A ratio in whatever form has no effect in inference.
  source.attributes.real("ratio", 0.5f);
  if (source.opset >= 12) source.attributes.integer("seed", 0);
  if (!has_input(source.node, 2)) return Attributes(NoAttributes{});
  bool is_training = true;
  if (is_constant(source, 2)) {
    LOWBIT_ASSIGN(const Tensor mode, source.constants.get(source.node.inputs[2]));
    is_training =
        mode.dtype() != DType::kU8 || mode.element_count() != 1 || mode.data<uint8_t>()[0] != 0;
  }
  if (is_training) {
    return onnx_node_error(
        ErrorCode::kUnsupportedFeature, source.node,
        "training_mode must be the constant false; export the model for inference");
  }
  return Attributes(NoAttributes{});
}

Result<Attributes> read_concat(const Source& source) {
  if (!source.attributes.has("axis")) {
    source.attributes.fail(ErrorCode::kInvalidModel, "it has no axis");
  }
  return Attributes(AxisAttributes{source.attributes.integer("axis", 0)});
}

Result<Attributes> read_unary(const Source& source) {
  const UnaryInfo& info = unary_info(*unary_function(*source.node.op));
  if (source.opset < info.opset) {
    return onnx_node_error(
        ErrorCode::kInvalidModel, source.node,
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
  return Attributes(unary);
}

// The most inputs that the node may have in the file; ops.inc counts those that stay inputs.
int max_file_inputs(Op op) {
  switch (op) {
    case Op::kClip:
    case Op::kDropout:
      return 3;
    case Op::kReshape:
      return 2;
    default:
      return op_info(op).max_inputs;
  }
}

Result<Attributes> read_operator(const Source& source) {
  switch (*source.node.op) {
    case Op::kConv:
      return read_conv(source);
    case Op::kGemm:
      return read_gemm(source);
    case Op::kClip:
      return read_clip(source);
    case Op::kMaxPool:
    case Op::kAveragePool:
      return read_pool(source);
    case Op::kBatchNormalization:
      return read_batch_normalization(source);
    case Op::kFlatten:
      return Attributes(AxisAttributes{source.attributes.integer("axis", 1)});
    case Op::kSoftmax:
      return Attributes(
          AxisAttributes{source.attributes.integer("axis", source.opset < 13 ? 1 : -1)});
    case Op::kConcat:
      return read_concat(source);
    case Op::kReshape:
      return read_reshape(source);
    case Op::kDropout:
      return read_dropout(source);
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) case Op::k##name:
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
      return read_unary(source);
    case Op::kMatMul:
    case Op::kAdd:
    case Op::kRelu:
    case Op::kGlobalAveragePool:
    case Op::kIdentity:
    case Op::kQuantizeLinear:
    case Op::kDequantizeLinear:
      break;
  }
  return Attributes(NoAttributes{});
}

}  // namespace

size_t data_input_count(const IndexedNode& node) {
  switch (*node.op) {
    case Op::kClip:
    case Op::kReshape:
    case Op::kDropout:
    case Op::kQuantizeLinear:
    case Op::kDequantizeLinear:
      return std::min<size_t>(node.inputs.size(), 1);
    default:
      return node.inputs.size();
  }
}

Result<Attributes> read_attributes(const IndexedNode& node, int64_t opset,
                                   const std::optional<Shape>& weight, OnnxConstants& constants) {
  const int max_inputs = max_file_inputs(*node.op);
  if (max_inputs >= 0 && node.inputs.size() > static_cast<size_t>(max_inputs)) {
    return onnx_node_error(ErrorCode::kInvalidModel, node,
                           format_text("it has {} inputs; the operator has at most {}",
                                       node.inputs.size(), max_inputs));
  }
  LOWBIT_TRY(check_outputs(node, constants.index()));
  AttributeReader attributes(node);
  LOWBIT_ASSIGN(Attributes result, read_operator({node, opset, weight, constants, attributes}));
  LOWBIT_TRY(attributes.finish());
  return result;
}

std::optional<int64_t> flattened_softmax_axis(const Shape& input, int64_t axis) {
  const int64_t first = axis < 0 ? axis + input.rank() : axis;
  if (first < 0 || first >= input.rank()) return std::nullopt;
  std::optional<int64_t> only;
  for (int64_t i = first; i < input.rank(); ++i) {
    if (input[static_cast<int>(i)] == 1) continue;
    if (only) return std::nullopt;
    only = i;
  }
  return only.value_or(first);
}

}  // namespace lowbit

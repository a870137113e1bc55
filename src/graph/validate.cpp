#include "graph/validate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "graph/errors.h"
#include "graph/shape_inference.h"
#include "graph/type_rules.h"

namespace lowbit {

namespace {

Status check_bounds(const Node& node, const ClipAttributes& bounds) {
  // Written so that NaN fails.
  if (bounds.min <= bounds.max) return success();
  return node_error(ErrorCode::kInvalidModel, node,
                    format_text("its bounds {}..{} are not in order", real_text(bounds.min),
                                real_text(bounds.max)));
}

Status check_epsilon(const Node& node, float epsilon) {
  if (std::isfinite(epsilon) && epsilon >= 0) return success();
  return node_error(ErrorCode::kInvalidModel, node, "its epsilon is not finite or negative");
}

Status check_attributes(const Node& node) {
  if (const auto* clip = std::get_if<ClipAttributes>(&node.attributes)) {
    LOWBIT_TRY(check_bounds(node, *clip));
  }
  if (const auto* norm = std::get_if<BatchNormalizationAttributes>(&node.attributes)) {
    LOWBIT_TRY(check_epsilon(node, norm->epsilon));
  }
  if (const auto* norm = std::get_if<NormalizationAttributes>(&node.attributes)) {
    LOWBIT_TRY(check_epsilon(node, norm->epsilon));
  }
  if (const auto* unary = std::get_if<UnaryAttributes>(&node.attributes)) {
    if (!std::isfinite(unary->parameters.alpha) || !std::isfinite(unary->parameters.beta)) {
      return node_error(ErrorCode::kInvalidModel, node, "its attributes are not finite");
    }
  }
  if (const auto* resize = std::get_if<ResizeAttributes>(&node.attributes)) {
    const bool is_finite =
        std::ranges::all_of(resize->roi, [](float x) { return std::isfinite(x); });
    if (!is_finite || !std::isfinite(resize->cubic_a)) {
      return node_error(ErrorCode::kInvalidModel, node, "its attributes are not finite");
    }
  }
  if (may_have_activation(node.op)) return check_bounds(node, node.activation);
  if (node.activation == ClipAttributes{}) return success();
  return node_error(ErrorCode::kInvalidModel, node, "an activation cannot be fused into it");
}

Status check_constants(const Graph& graph, const Node& node) {
  if (node.op != Op::kConv && node.op != Op::kGemm && node.op != Op::kBatchNormalization &&
      node.op != Op::kConvTranspose) {
    return success();
  }
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue) continue;
    const Value& input = graph.value(node.inputs[i]);
    if (!input.constant) {
      return node_error(
          ErrorCode::kUnsupportedFeature, node,
          format_text(
              "input {} ('{}') is computed; weights, biases and parameters must be constants", i,
              input.name));
    }
  }
  return success();
}

// Whether a number of the type is exactly `real`.
bool holds(DType dtype, double real) {
  switch (dtype) {
    case DType::kF32:
      if (!std::isfinite(real)) return true;
      return std::fabs(real) <= double{std::numeric_limits<float>::max()} &&
             double{static_cast<float>(real)} == real;
    case DType::kBool:
      return real == 0 || real == 1;
    case DType::kU8:
      return real >= 0 && real <= 255 && std::trunc(real) == real;
    case DType::kI8:
      return std::fabs(real) <= 128 && real < 128 && std::trunc(real) == real;
    case DType::kI32:
      return std::fabs(real) <= 0x1p31 && real < 0x1p31 && std::trunc(real) == real;
    case DType::kI64:
      // Beyond, not every integer is a double.
      return std::fabs(real) < 0x1p53 && std::trunc(real) == real;
  }
  return false;
}

Status check_pad(const Graph& graph, const Node& node) {
  const Value& output = graph.value(node.output);
  const double value = std::get<PadAttributes>(node.attributes).value;
  if (holds(output.quant ? DType::kF32 : output.dtype, value)) return success();
  return node_error(ErrorCode::kUnsupportedFeature, node,
                    format_text("its value is no {}, or too large",
                                dtype_name(output.quant ? DType::kF32 : output.dtype)));
}

}  // namespace

bool may_have_activation(Op op) {
  return op == Op::kConv || op == Op::kGemm || op == Op::kMatMul || op == Op::kAdd;
}

Status validate(const Graph& graph) {
  LOWBIT_ASSIGN(Graph inferred, infer_shapes(graph));
  // Inference fills in the dtypes that follow from the parameters; what the graph says itself is
  // what counts here.
  for (size_t i = 0; i < graph.values.size(); ++i) inferred.values[i].dtype = graph.values[i].dtype;
  for (const Value& value : inferred.values) LOWBIT_TRY(check_value_type(value));
  for (const Node& node : inferred.nodes) {
    LOWBIT_TRY(check_attributes(node));
    LOWBIT_TRY(check_constants(inferred, node));
    if (node.op == Op::kPad) LOWBIT_TRY(check_pad(inferred, node));
    LOWBIT_TRY(check_node_types(inferred, node));
  }
  return success();
}

}  // namespace lowbit

// Operators that move elements, or only call them otherwise.
#include "base/text.h"
#include "formats/onnx_read.h"

namespace lowbit {

Result<Expansion> read_flatten(const NodeSource& source) {
  return same_node(source, AxisAttributes{source.attributes.integer("axis", 1)});
}

Result<Expansion> read_concat(const NodeSource& source) {
  if (!source.attributes.has("axis")) {
    source.attributes.fail(ErrorCode::kInvalidModel, "it has no axis");
  }
  return same_node(source, AxisAttributes{source.attributes.integer("axis", 0)});
}

// A dimension of the target that is a symbol is that of the input at the same place, or the one
// that is inferred.
Result<Expansion> read_reshape(const NodeSource& source) {
  ReshapeAttributes reshape;
  if (!source.has(1)) return source.refuse(ErrorCode::kInvalidModel, "it has no input shape");
  if (source.opset >= 14) reshape.allow_zero = source.attributes.flag("allowzero", false);
  const TensorId target = source.node.inputs[1];
  const auto numbers =
      source.parameters.is_constant(target) ? std::nullopt : source.parameters.numbers(target);
  if (!numbers || !source.inputs[0] || reshape.allow_zero) {
    LOWBIT_ASSIGN(reshape.shape, source.integers(1, "shape"));
    return same_node(source, std::move(reshape));
  }
  const Shape& input = source.inputs[0]->shape;
  bool has_inferred = false;
  for (size_t i = 0; i < numbers->size(); ++i) {
    const ShapeNumber number = (*numbers)[i];
    const int axis = static_cast<int>(i);
    int64_t dim = number.value;
    if (number.kind == ShapeNumber::Kind::kSymbol && axis < input.rank() && input[axis] == dim) {
      dim = 0;
    } else if (number.kind != ShapeNumber::Kind::kNumber) {
      dim = -1;
    }
    if (dim == -1 && has_inferred) {
      return source.refuse(
          ErrorCode::kUnsupportedFeature,
          "its shape depends on more than one dimension that is not known; give the dimensions "
          "numbers when the model is loaded");
    }
    has_inferred = has_inferred || dim == -1;
    reshape.shape.push_back(dim);
  }
  return same_node(source, std::move(reshape));
}

// Squeeze and Unsqueeze: axes are an attribute before opset 13.
Result<Expansion> read_axes(const NodeSource& source) {
  AxesAttributes attributes;
  if (source.opset < 13) {
    attributes.axes = source.attributes.integers("axes");
  } else if (source.has(1)) {
    LOWBIT_ASSIGN(attributes.axes, source.integers(1, "axes"));
  }
  if (source.node.op == Op::kUnsqueeze && attributes.axes.empty()) {
    return source.refuse(ErrorCode::kInvalidModel, "it has no axes");
  }
  return same_node(source, std::move(attributes));
}

Result<Expansion> read_shape(const NodeSource& source) {
  ShapeAttributes shape;
  if (source.opset >= 15) {
    shape.start = source.attributes.integer("start", shape.start);
    shape.end = source.attributes.integer("end", shape.end);
  }
  return same_node(source, shape);
}

Result<Expansion> read_dropout(const NodeSource& source) {
  // A ratio in whatever form has no effect in inference.
  source.attributes.real("ratio", 0.5f);
  if (source.opset >= 12) source.attributes.integer("seed", 0);
  const auto dropout = [&] { return with_dropout_mask(source, same_node(source)); };
  if (!source.has(2)) return dropout();
  const auto is_true = [](const Tensor& mode) {
    return mode.dtype() != DType::kBool || mode.element_count() != 1 || mode.data<bool>()[0];
  };
  const bool is_known = source.parameters.is_constant(source.node.inputs[2]);
  LOWBIT_ASSIGN(const Tensor mode,
                is_known ? source.constant(2, "training_mode") : Result<Tensor>(Tensor()));
  bool drops_nothing = false;
  if (source.has(1) && source.parameters.is_constant(source.node.inputs[1])) {
    LOWBIT_ASSIGN(const auto ratio, source.scalar(1, "ratio"));
    drops_nothing = ratio == 0.0f;
  }
  if (is_true(mode) && !drops_nothing) {
    return source.refuse(
        ErrorCode::kUnsupportedFeature,
        "training_mode must be the constant false; export the model for inference");
  }
  return dropout();
}

}  // namespace lowbit

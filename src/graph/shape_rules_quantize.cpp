// Operators that have scales and zero points as inputs.
#include "base/text.h"
#include "graph/errors.h"
#include "graph/shape_rules.h"

namespace lowbit {

namespace {

Failure misfit(const Node& node, const char* what, const Shape& shape, const Shape& of) {
  return node_error(ErrorCode::kShapeMismatch, node,
                    format_text("its {} has shape {}, which does not fit the shape {}", what,
                                shape.to_string(), of.to_string()));
}

bool is_single(const Shape& shape) {
  return shape.rank() == 0 || (shape.rank() == 1 && shape[0] == 1);
}

// Whether the scales of an input of shape `x` may have the shape `scale`.
bool fits(const QuantizeAttributes& attributes, const Shape& x, const Shape& scale) {
  if (attributes.block_size == 0 && is_single(scale)) return true;
  if (attributes.axis < -x.rank() || attributes.axis >= x.rank()) return false;
  const auto axis =
      static_cast<int>(attributes.axis < 0 ? attributes.axis + x.rank() : attributes.axis);
  if (attributes.block_size == 0) return scale.rank() == 1 && scale[0] == x[axis];
  Shape blocks = x;
  blocks[axis] = (x[axis] - 1) / attributes.block_size + 1;
  return x[axis] > 0 && scale == blocks;
}

}  // namespace

Result<Shape> ShapeRules::quantize_linear(const Node& node) {
  const Shape& x = shape(node, 0);
  if (node.inputs.size() == 1) return x;
  const auto& attributes = std::get<QuantizeAttributes>(node.attributes);
  if (!has(node, 1) || !has(node, 2)) {
    return node_error(ErrorCode::kInvalidModel, node, "it needs a scale and a zero point");
  }
  if (attributes.block_size < 0) {
    return node_error(ErrorCode::kInvalidModel, node, "its block_size is negative");
  }
  const Shape& scale = shape(node, 1);
  if (!fits(attributes, x, scale)) return misfit(node, "scale", scale, x);
  const bool is_alike = shape(node, 2) == scale || (is_single(scale) && is_single(shape(node, 2)));
  if (!is_alike) return misfit(node, "zero point", shape(node, 2), scale);
  return x;
}

Result<Shape> ShapeRules::dynamic_quantize_linear(const Node& node) {
  using enum DynamicQuantizeAttributes::Output;
  const auto& attributes = std::get<DynamicQuantizeAttributes>(node.attributes);
  return attributes.output == kIntegers ? shape(node, 0) : Shape{};
}

Result<Shape> ShapeRules::conv_integer(const Node& node) {
  LOWBIT_ASSIGN(const Shape result, conv(node));
  const Shape& weight = shape(node, 1);
  if (has(node, 2) && !is_single(shape(node, 2))) {
    return misfit(node, "input's zero point", shape(node, 2), Shape{});
  }
  if (has(node, 3) && !is_single(shape(node, 3)) && shape(node, 3) != Shape{weight[0]}) {
    return misfit(node, "weight's zero point", shape(node, 3), weight);
  }
  return result;
}

Result<Shape> ShapeRules::matmul_integer(const Node& node) {
  LOWBIT_ASSIGN(const Shape result, matmul(node));
  const Shape& a = shape(node, 0);
  const Shape& b = shape(node, 1);
  // Per row of A and per column of B.
  const int64_t rows = a.rank() > 1 ? a[a.rank() - 2] : 1;
  const int64_t columns = b.rank() > 1 ? b[b.rank() - 1] : 1;
  if (has(node, 2) && !is_single(shape(node, 2)) && shape(node, 2) != Shape{rows}) {
    return misfit(node, "first zero point", shape(node, 2), a);
  }
  if (has(node, 3) && !is_single(shape(node, 3)) && shape(node, 3) != Shape{columns}) {
    return misfit(node, "second zero point", shape(node, 3), b);
  }
  return result;
}

}  // namespace lowbit

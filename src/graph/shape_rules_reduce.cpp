// Operators that make one number of many, or many of the same statistics: reductions, ArgMax, TopK,
// Einsum, and the normalizations of rows.
#include "base/text.h"
#include "graph/einsum.h"
#include "graph/errors.h"
#include "graph/shape_checks.h"
#include "graph/shape_rules.h"

namespace lowbit {

namespace {

// `x` without the axes, or with dimensions of 1 in their place.
Result<Shape> without(const Shape& x, const std::set<int>& axes, bool keep_dims) {
  std::vector<int64_t> dims;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!axes.contains(axis)) {
      dims.push_back(x[axis]);
    } else if (keep_dims) {
      dims.push_back(1);
    }
  }
  return Shape::from_dims(dims);
}

}  // namespace

Result<Shape> ShapeRules::reduce(const Node& node) {
  const auto& attributes = std::get<ReduceAttributes>(node.attributes);
  const Shape& x = shape(node, 0);
  LOWBIT_ASSIGN(std::set<int> axes, resolve_axes(node, attributes.axes, x.rank()));
  if (attributes.axes.empty()) {
    for (int axis = 0; axis < x.rank(); ++axis) axes.insert(axis);
  }
  return without(x, axes, attributes.keep_dims);
}

Result<Shape> ShapeRules::arg(const Node& node) {
  const auto& attributes = std::get<ArgAttributes>(node.attributes);
  const Shape& x = shape(node, 0);
  LOWBIT_ASSIGN(const int axis, resolve_axis_index(node, attributes.axis, x.rank(), x.rank()));
  return without(x, {axis}, attributes.keep_dims);
}

Result<Shape> ShapeRules::top_k(const Node& node) {
  const auto& attributes = std::get<TopKAttributes>(node.attributes);
  Shape result = shape(node, 0);
  LOWBIT_ASSIGN(const int axis,
                resolve_axis_index(node, attributes.axis, result.rank(), result.rank()));
  int64_t& dim = result[axis];
  if (attributes.k < 1 || attributes.k > (dim < 0 ? kMaxElements : dim)) {
    return node_error(ErrorCode::kShapeMismatch, node,
                      format_text("k is {}, for an axis of length {}", attributes.k,
                                  dim < 0 ? std::string("unknown") : format_text("{}", dim)));
  }
  dim = attributes.k;
  return result;
}

Result<Shape> ShapeRules::layer_normalization(const Node& node) {
  const Shape& x = shape(node, 0);
  const auto& attributes = std::get<NormalizationAttributes>(node.attributes);
  LOWBIT_ASSIGN(const int first, resolve_axis_index(node, attributes.axis, x.rank(), x.rank()));
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!has(node, i)) continue;
    const Shape& parameter = shape(node, i);
    bool fits = parameter.rank() == x.rank() - first;
    for (int axis = 0; fits && axis < parameter.rank(); ++axis) {
      fits = may_equal(parameter[axis], x[first + axis]);
    }
    if (!fits) {
      return node_error(
          ErrorCode::kShapeMismatch, node,
          format_text("{} has shape {}, the input has {} and is normalized from "
                      "axis {} on",
                      i == 1 ? "scale" : "bias", parameter.to_string(), x.to_string(), first));
    }
  }
  return x;
}

Result<Shape> ShapeRules::channel_normalization(const Node& node) {
  const Shape& x = shape(node, 0);
  const int64_t groups = std::get<NormalizationAttributes>(node.attributes).groups;
  if (x.rank() < 2) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("its input has shape {}; it needs rank 2 or more", x.to_string()));
  }
  if (groups < 1 || (x[1] > 0 && x[1] % groups != 0)) {
    return node_error(
        ErrorCode::kInvalidModel, node,
        format_text("{} cannot be split into {} groups", count_of(x[1], "channel"), groups));
  }
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const Shape& parameter = shape(node, i);
    if (parameter.rank() != 1 || !may_equal(parameter[0], x[1])) {
      return node_error(ErrorCode::kShapeMismatch, node,
                        format_text("{} has shape {}, the input has {}", i == 1 ? "scale" : "bias",
                                    parameter.to_string(), count_of(x[1], "channel")));
    }
  }
  return x;
}

Result<Shape> ShapeRules::einsum(const Node& node) {
  std::vector<Shape> operands;
  for (size_t i = 0; i < node.inputs.size(); ++i) operands.push_back(shape(node, i));
  const auto parsed = parse_einsum(std::get<EinsumAttributes>(node.attributes).equation);
  if (!parsed) return named(node, parsed.error());
  const auto dims = einsum_dims(*parsed, operands);
  if (!dims) return named(node, dims.error());
  return Shape::from_dims(std::span(*dims).first(parsed->output.size()));
}

}  // namespace lowbit

#include "graph/shape_rules.h"

#include <algorithm>

#include "base/text.h"
#include "graph/errors.h"
#include "graph/shape_checks.h"
#include "graph/structure.h"
#include "graph/window_axis.h"

namespace lowbit {

// The product of dimensions: a number times symbols.
struct ShapeRules::Product {
  int64_t number = 1;
  std::vector<int64_t> symbols;

  // The number of a shape that passed check_extent() cannot overflow.
  void multiply(int64_t dim) {
    if (dim < 0) {
      symbols.push_back(dim);
    } else {
      number *= dim;
    }
  }
};

ShapeRules::ShapeRules(Graph& graph)
    : graph_(graph), symbol_names_(graph.symbols.begin(), graph.symbols.end()) {}

const Shape& ShapeRules::shape(const Node& node, size_t input) const {
  return graph_.value(node.inputs[input]).shape;
}

bool ShapeRules::has(const Node& node, size_t input) const {
  return input < node.inputs.size() && node.inputs[input] != kNoValue;
}

int64_t ShapeRules::new_symbol(const Node& node, int axis) {
  std::string name = format_text("{}.{}", node.name, axis);
  while (!symbol_names_.insert(name).second) name += "'";
  graph_.symbols.push_back(std::move(name));
  return -static_cast<int64_t>(graph_.symbols.size());
}

int64_t ShapeRules::as_dim(const Node& node, int axis, const Product& product) {
  if (product.symbols.empty()) return product.number;
  if (product.symbols.size() == 1 && product.number == 1) return product.symbols.front();
  return new_symbol(node, axis);
}

Result<Shape> ShapeRules::windowed(const Node& node, const WindowAttributes& window, bool ceil_mode,
                                   int64_t channels) {
  const Shape& x = shape(node, 0);
  Shape result{x[0], channels, 0, 0};
  for (const int axis : {2, 3}) {
    const WindowAxis along = axis == 2 ? WindowAxis::vertical(window, ceil_mode)
                                       : WindowAxis::horizontal(window, ceil_mode);
    if (x[axis] < 0) {
      result[axis] = keeps_extent(along) ? x[axis] : new_symbol(node, axis);
      continue;
    }
    const Result<ResolvedAxis> resolved = resolve_axis(along, x[axis]);
    if (!resolved) return named(node, resolved.error());
    result[axis] = resolved->output;
  }
  return result;
}

Result<Shape> ShapeRules::conv(const Node& node) {
  const auto& attributes = std::get<ConvAttributes>(node.attributes);
  const WindowAttributes& window = attributes.window;
  const Shape& x = shape(node, 0);
  const Shape& weight = shape(node, 1);
  LOWBIT_TRY(check_image(node, x));
  if (const Status status = check_window(window); !status) return named(node, status.error());
  if (weight.rank() != 4 || !weight.is_concrete()) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("weight has shape {}, a convolution of images needs [M, C / groups, kh, kw]",
                    weight.to_string()));
  }
  if (weight[2] != window.kernel.h || weight[3] != window.kernel.w) {
    return node_error(ErrorCode::kShapeMismatch, node,
                      format_text("weight has shape {}, the kernel is declared {} x {}",
                                  weight.to_string(), window.kernel.h, window.kernel.w));
  }
  const int64_t groups = attributes.groups;
  if (groups < 1 || weight[0] % groups != 0) {
    return node_error(ErrorCode::kInvalidModel, node,
                      format_text("{} cannot be split into {} groups",
                                  count_of(weight[0], "output channel"), groups));
  }
  // groups <= weight[0], and weight[0] * weight[1] is at most kMaxElements.
  if (!may_equal(x[1], weight[1] * groups)) {
    return node_error(ErrorCode::kShapeMismatch, node,
                      format_text("weight has {} per group, the input has {} in {}",
                                  count_of(weight[1], "input channel"), count_of(x[1], "channel"),
                                  count_of(groups, "group")));
  }
  if (has(node, 2) && shape(node, 2) != Shape{weight[0]}) {
    return node_error(ErrorCode::kShapeMismatch, node,
                      format_text("bias has shape {}, weight has {}", shape(node, 2).to_string(),
                                  count_of(weight[0], "output channel")));
  }
  return windowed(node, window, false, weight[0]);
}

Result<Shape> ShapeRules::pool(const Node& node) {
  const auto& attributes = std::get<PoolAttributes>(node.attributes);
  const WindowAttributes& window = attributes.window;
  LOWBIT_TRY(check_image(node, shape(node, 0)));
  if (const Status status = check_window(window); !status) return named(node, status.error());
  const Padding& p = window.padding;
  // So that no window lies in the padding alone, where a maximum and an average have no value.
  if (window.auto_pad == AutoPad::kNotSet && (std::max(p.top, p.bottom) >= window.kernel.h ||
                                              std::max(p.left, p.right) >= window.kernel.w)) {
    return node_error(ErrorCode::kInvalidModel, node, "its padding is not smaller than its kernel");
  }
  return windowed(node, window, attributes.ceil_mode, shape(node, 0)[1]);
}

Result<Shape> ShapeRules::global_average_pool(const Node& node) {
  const Shape& x = shape(node, 0);
  LOWBIT_TRY(check_image(node, x));
  return Shape{x[0], x[1], 1, 1};
}

Result<Shape> ShapeRules::gemm(const Node& node) {
  const auto& attributes = std::get<GemmAttributes>(node.attributes);
  const Shape& a = shape(node, 0);
  const Shape& b = shape(node, 1);
  if (a.rank() != 2 || b.rank() != 2) {
    return node_error(ErrorCode::kShapeMismatch, node,
                      format_text("A has shape {} and B {}; both must have rank 2", a.to_string(),
                                  b.to_string()));
  }
  const int64_t rows = a[attributes.transpose_a ? 1 : 0];
  const int64_t depth_a = a[attributes.transpose_a ? 0 : 1];
  const int64_t depth_b = b[attributes.transpose_b ? 1 : 0];
  const int64_t columns = b[attributes.transpose_b ? 0 : 1];
  if (!may_equal(depth_a, depth_b)) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("A' has {}, B' has {}", count_of(depth_a, "column"), count_of(depth_b, "row")));
  }
  const Shape result{rows, columns};
  if (has(node, 2)) {
    const Shape& c = shape(node, 2);
    bool fits = c.rank() <= 2;
    for (int i = 1; fits && i <= c.rank(); ++i) {
      const int64_t dim = c[c.rank() - i];
      fits = dim == 1 || may_equal(dim, result[2 - i]);
    }
    if (!fits) {
      return node_error(ErrorCode::kShapeMismatch, node,
                        format_text("C has shape {}, which does not broadcast to {}", c.to_string(),
                                    result.to_string()));
    }
  }
  return result;
}

Result<Shape> ShapeRules::broadcast(const Node& node, const Shape& a, const Shape& b) {
  Shape result = a.rank() >= b.rank() ? a : b;
  const int rank = result.rank();
  for (int axis = 0; axis < rank; ++axis) {
    const int axis_a = axis - (rank - a.rank());
    const int axis_b = axis - (rank - b.rank());
    const int64_t dim_a = axis_a < 0 ? 1 : a[axis_a];
    const int64_t dim_b = axis_b < 0 ? 1 : b[axis_b];
    if (dim_a == dim_b || dim_b == 1) {
      result[axis] = dim_a;
    } else if (dim_a == 1) {
      result[axis] = dim_b;
    } else if (dim_a < 0 && dim_b < 0) {
      result[axis] = new_symbol(node, axis);
    } else if (may_equal(dim_a, dim_b)) {
      // The symbol must stand for 1 or for the number.
      result[axis] = known_of(dim_a, dim_b);
    } else {
      return node_error(
          ErrorCode::kShapeMismatch, node,
          format_text("shapes {} and {} do not broadcast", a.to_string(), b.to_string()));
    }
  }
  return result;
}

Result<Shape> ShapeRules::matmul(const Node& node) {
  const Shape& a = shape(node, 0);
  const Shape& b = shape(node, 1);
  if (a.rank() < 1 || b.rank() < 1) {
    return node_error(ErrorCode::kShapeMismatch, node, "its inputs must have rank 1 or more");
  }
  const int64_t depth_a = a[a.rank() - 1];
  const int64_t depth_b = b[std::max(b.rank() - 2, 0)];
  if (!may_equal(depth_a, depth_b)) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("shapes {} and {} do not fit: the first has {}, the second {}", a.to_string(),
                    b.to_string(), count_of(depth_a, "column"), count_of(depth_b, "row")));
  }
  const auto leading = [](const Shape& shape) {
    return Shape::from_dims(shape.dims().first(static_cast<size_t>(std::max(shape.rank() - 2, 0))));
  };
  LOWBIT_ASSIGN(const Shape leading_a, leading(a));
  LOWBIT_ASSIGN(const Shape leading_b, leading(b));
  LOWBIT_ASSIGN(const Shape batch, broadcast(node, leading_a, leading_b));
  // A vector is a matrix of one row, or of one column, and that row or column is left out of the
  // result.
  std::vector<int64_t> dims(batch.dims().begin(), batch.dims().end());
  if (a.rank() > 1) dims.push_back(a[a.rank() - 2]);
  if (b.rank() > 1) dims.push_back(b[b.rank() - 1]);
  return Shape::from_dims(dims);
}

Result<Shape> ShapeRules::batch_normalization(const Node& node) {
  static constexpr const char* kNames[] = {"X", "scale", "bias", "mean", "variance"};
  const Shape& x = shape(node, 0);
  if (x.rank() < 2) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("its input has shape {}; it needs rank 2 or more", x.to_string()));
  }
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const Shape& parameter = shape(node, i);
    if (parameter.rank() != 1 || !may_equal(parameter[0], x[1])) {
      return node_error(ErrorCode::kShapeMismatch, node,
                        format_text("{} has shape {}, the input has {}", kNames[i],
                                    parameter.to_string(), count_of(x[1], "channel")));
    }
  }
  return x;
}

Result<Shape> ShapeRules::flatten(const Node& node) {
  const Shape& x = shape(node, 0);
  LOWBIT_ASSIGN(const int axis, resolve_axis_attribute(node, x.rank(), x.rank() + 1));
  Product outer;
  Product inner;
  for (int i = 0; i < x.rank(); ++i) (i < axis ? outer : inner).multiply(x[i]);
  const int64_t rows = as_dim(node, 0, outer);
  return Shape{rows, as_dim(node, 1, inner)};
}

Result<Shape> ShapeRules::reshape(const Node& node) {
  const auto& attributes = std::get<ReshapeAttributes>(node.attributes);
  const Shape& x = shape(node, 0);
  Result<Shape> target = Shape::from_dims(attributes.shape);
  if (!target) return named(node, target.error());
  Shape result = *target;
  const auto mismatch = [&] {
    return node_error(ErrorCode::kShapeMismatch, node,
                      format_text("an input of shape {} cannot take the shape {}", x.to_string(),
                                  target->to_string()));
  };

  // What the input holds beyond the dimensions of the target that are known.
  Product rest;
  for (const int64_t dim : x.dims()) rest.multiply(dim);
  int64_t known = 1;
  int inferred = -1;
  for (int axis = 0; axis < result.rank(); ++axis) {
    int64_t& dim = result[axis];
    if (dim < -1 || (dim == -1 && inferred >= 0)) {
      return node_error(ErrorCode::kInvalidModel, node,
                        dim == -1 ? "its shape has more than one -1" : "its shape is negative");
    }
    if (dim == -1) {
      inferred = axis;
      continue;
    }
    if (dim == 0) {
      if (attributes.allow_zero || axis >= x.rank()) return mismatch();
      dim = x[axis];
    }
    if (dim < 0) {
      // A copied symbol is one of the input's, so it is there to be cancelled.
      rest.symbols.erase(std::ranges::find(rest.symbols, dim));
    } else if (dim > kMaxElements || known * dim > kMaxElements) {
      return mismatch();
    } else {
      known *= dim;
    }
  }
  if (inferred >= 0) {
    // With symbols left, only their product can make up for what the numbers lack.
    if (rest.symbols.empty() && rest.number % known != 0) return mismatch();
    if (rest.number % known == 0) {
      rest.number /= known;
      result[inferred] = as_dim(node, inferred, rest);
    } else {
      result[inferred] = new_symbol(node, inferred);
    }
    return result;
  }
  const bool fits = rest.symbols.empty() ? rest.number == known : known % rest.number == 0;
  if (!fits) return mismatch();
  return result;
}

Result<Shape> ShapeRules::softmax(const Node& node) {
  const Shape& x = shape(node, 0);
  LOWBIT_TRY(resolve_axis_attribute(node, x.rank(), x.rank()));
  return x;
}

Result<Shape> ShapeRules::concat(const Node& node) {
  Shape result = shape(node, 0);
  LOWBIT_ASSIGN(const int axis, resolve_axis_attribute(node, result.rank(), result.rank()));
  int64_t total = 0;
  bool is_known = true;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Shape& part = shape(node, i);
    bool fits = part.rank() == result.rank();
    for (int other = 0; fits && other < part.rank(); ++other) {
      if (other == axis) continue;
      fits = may_equal(part[other], result[other]);
      result[other] = known_of(result[other], part[other]);
    }
    if (!fits) {
      return node_error(ErrorCode::kShapeMismatch, node,
                        format_text("input {} has shape {}, which does not join {} along axis {}",
                                    i, part.to_string(), shape(node, 0).to_string(), axis));
    }
    is_known = is_known && part[axis] >= 0;
    total += part[axis];
    if (is_known && total > kMaxElements) {
      return node_error(ErrorCode::kLimitExceeded, node, "its output has too many elements");
    }
  }
  if (node.inputs.size() > 1) result[axis] = is_known ? total : new_symbol(node, axis);
  return result;
}

Result<Shape> ShapeRules::output_of(const Node& node) {
  const auto rule = [&]() -> Result<Shape> {
    switch (node.op) {
      case Op::kConv:
        return conv(node);
      case Op::kGemm:
        return gemm(node);
      case Op::kMatMul:
        return matmul(node);
      case Op::kAdd:
        return broadcast(node, shape(node, 0), shape(node, 1));
      case Op::kMaxPool:
      case Op::kAveragePool:
        return pool(node);
      case Op::kGlobalAveragePool:
        return global_average_pool(node);
      case Op::kBatchNormalization:
        return batch_normalization(node);
      case Op::kLayerNormalization:
      case Op::kRMSNormalization:
        return layer_normalization(node);
      case Op::kInstanceNormalization:
      case Op::kGroupNormalization:
        return channel_normalization(node);
      case Op::kConvTranspose:
        return conv_transpose(node);
      case Op::kEinsum:
        return einsum(node);
      case Op::kArgMax:
      case Op::kArgMin:
        return arg(node);
      case Op::kTopK:
        return top_k(node);
#define LOWBIT_REDUCE(name, fold) case Op::k##name:
#include "qmath/reduce.inc"
#undef LOWBIT_REDUCE
        return reduce(node);
      case Op::kFlatten:
        return flatten(node);
      case Op::kReshape:
        return reshape(node);
      case Op::kSoftmax:
        return softmax(node);
      case Op::kConcat:
        return concat(node);
      case Op::kSqueeze:
        return squeeze(node);
      case Op::kUnsqueeze:
        return unsqueeze(node);
      case Op::kShape:
        return shape_of_shape(node);
      case Op::kTranspose:
        return transpose(node);
      case Op::kSlice:
        return slice(node);
      case Op::kGather:
        return gather(node);
      case Op::kPad:
        return pad(node);
      case Op::kExpand:
        return expand(node);
      case Op::kTile:
        return tile(node);
      case Op::kDepthToSpace:
        return depth_to_space(node);
      case Op::kSpaceToDepth:
        return space_to_depth(node);
      case Op::kResize:
        return resize(node);
      case Op::kWhere: {
        LOWBIT_ASSIGN(const Shape operands, broadcast(node, shape(node, 1), shape(node, 2)));
        return broadcast(node, shape(node, 0), operands);
      }
#define LOWBIT_BINARY(name, opset, result) case Op::k##name:
#include "qmath/binary.inc"
#undef LOWBIT_BINARY
        return broadcast(node, shape(node, 0), shape(node, 1));
      case Op::kNot:
      case Op::kCast:
      case Op::kRelu:
      case Op::kClip:
      case Op::kIdentity:
      case Op::kDropout:
      case Op::kQuantizeLinear:
      case Op::kDequantizeLinear:
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) case Op::k##name:
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
        return shape(node, 0);
    }
    return node_error(ErrorCode::kInvalidModel, node, "it has no shape rule");
  };
  LOWBIT_ASSIGN(const Shape result, rule());
  if (const Status status = check_extent(result, "its output"); !status) {
    return named(node, status.error());
  }
  return result;
}

}  // namespace lowbit

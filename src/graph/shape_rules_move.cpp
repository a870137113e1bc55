// The rules of operators that move elements, or only call them otherwise.
#include <algorithm>

#include "base/text.h"
#include "graph/errors.h"
#include "graph/resize_axis.h"
#include "graph/shape_checks.h"
#include "graph/shape_rules.h"
#include "graph/slice_range.h"

namespace lowbit {

namespace {

Status check_count(const Node& node, const char* what, size_t count, int needed) {
  if (count == static_cast<size_t>(needed)) return success();
  return node_error(ErrorCode::kInvalidModel, node,
                    format_text("it has {} {}, its input needs {}", count, what, needed));
}

}  // namespace

Result<Shape> ShapeRules::squeeze(const Node& node) {
  const Shape& x = shape(node, 0);
  LOWBIT_ASSIGN(const std::set<int> axes,
                resolve_axes(node, std::get<AxesAttributes>(node.attributes).axes, x.rank()));
  std::vector<int64_t> kept;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (axes.empty() ? x[axis] == 1 : axes.contains(axis)) {
      if (may_equal(x[axis], 1)) continue;
      return node_error(
          ErrorCode::kShapeMismatch, node,
          format_text("axis {} of an input of shape {} is not of length 1", axis, x.to_string()));
    }
    if (axes.empty() && x[axis] < 0) {
      return node_error(ErrorCode::kUnsupportedFeature, node,
                        "without axes its input may have no symbolic dimensions");
    }
    kept.push_back(x[axis]);
  }
  return Shape::from_dims(kept);
}

Result<Shape> ShapeRules::unsqueeze(const Node& node) {
  const Shape& x = shape(node, 0);
  const auto added = std::get<AxesAttributes>(node.attributes).axes.size();
  const int rank = x.rank() + static_cast<int>(std::min(added, size_t{kMaxRank} + 1));
  LOWBIT_ASSIGN(const std::set<int> axes,
                resolve_axes(node, std::get<AxesAttributes>(node.attributes).axes, rank));
  std::vector<int64_t> dims;
  int next = 0;
  for (int axis = 0; axis < rank; ++axis) dims.push_back(axes.contains(axis) ? 1 : x[next++]);
  Result<Shape> result = Shape::from_dims(dims);
  if (!result) return named(node, result.error());
  return result;
}

Result<Shape> ShapeRules::shape_of_shape(const Node& node) {
  const auto& attributes = std::get<ShapeAttributes>(node.attributes);
  const int rank = shape(node, 0).rank();
  const auto clamped = [rank](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  return Shape{std::max<int64_t>(clamped(attributes.end) - clamped(attributes.start), 0)};
}

Result<Shape> ShapeRules::transpose(const Node& node) {
  const Shape& x = shape(node, 0);
  const auto& permutation = std::get<TransposeAttributes>(node.attributes).permutation;
  LOWBIT_TRY(check_count(node, "axes", permutation.size(), x.rank()));
  LOWBIT_TRY(resolve_axes(node, permutation, x.rank()));
  Shape result = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const int64_t from = permutation[static_cast<size_t>(axis)];
    if (from < 0) return node_error(ErrorCode::kInvalidModel, node, "an axis is negative");
    result[axis] = x[static_cast<int>(from)];
  }
  return result;
}

Result<Shape> ShapeRules::slice(const Node& node) {
  const auto& a = std::get<SliceAttributes>(node.attributes);
  Shape result = shape(node, 0);
  const size_t count = a.starts.size();
  if (a.ends.size() != count || a.axes.size() != count || a.steps.size() != count) {
    return node_error(ErrorCode::kInvalidModel, node,
                      "it needs as many starts as ends, axes and steps");
  }
  LOWBIT_TRY(resolve_axes(node, a.axes, result.rank()));
  for (size_t i = 0; i < count; ++i) {
    LOWBIT_ASSIGN(const int axis,
                  resolve_axis_index(node, a.axes[i], result.rank(), result.rank()));
    if (a.steps[i] == 0) return node_error(ErrorCode::kInvalidModel, node, "a step is 0");
    const auto range_of = [&](int64_t dim) {
      return slice_range(a.starts[i], a.ends[i], a.steps[i], dim);
    };
    if (result[axis] >= 0) {
      result[axis] = range_of(result[axis]).count;
      continue;
    }
    // What is the same of a short axis and of the longest is the same of every axis between them,
    // where elements are not counted from both ends.
    const bool is_whole = range_of(1).count == 1 && range_of(kMaxElements).count == kMaxElements;
    const bool is_one =
        range_of(1).count == 1 && range_of(2).count == 1 && range_of(kMaxElements).count == 1;
    if (is_one) {
      result[axis] = 1;
    } else if (!is_whole) {
      result[axis] = new_symbol(node, axis);
    }
  }
  return result;
}

Result<Shape> ShapeRules::gather(const Node& node) {
  const Shape& data = shape(node, 0);
  const Shape& indices = shape(node, 1);
  LOWBIT_ASSIGN(const int axis, resolve_axis_attribute(node, data.rank(), data.rank()));
  std::vector<int64_t> dims;
  for (int i = 0; i < axis; ++i) dims.push_back(data[i]);
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  for (int i = axis + 1; i < data.rank(); ++i) dims.push_back(data[i]);
  Result<Shape> result = Shape::from_dims(dims);
  if (!result) return named(node, result.error());
  return result;
}

Result<Shape> ShapeRules::pad(const Node& node) {
  const auto& attributes = std::get<PadAttributes>(node.attributes);
  const Shape& x = shape(node, 0);
  LOWBIT_TRY(check_count(node, "pads", attributes.pads.size(), 2 * x.rank()));
  Shape result = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const int64_t before = attributes.pads[static_cast<size_t>(axis)];
    const int64_t after = attributes.pads[static_cast<size_t>(axis + x.rank())];
    if (std::min(before, after) < -kMaxElements || std::max(before, after) > kMaxElements) {
      return node_error(ErrorCode::kLimitExceeded, node, "a pad is too large");
    }
    if (before == 0 && after == 0) continue;
    if (x[axis] < 0) {
      result[axis] = new_symbol(node, axis);
      continue;
    }
    result[axis] = std::max<int64_t>(x[axis] + before + after, 0);
    // Of what a negative pad cuts off nothing is reflected.
    const int64_t kept = x[axis] + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    const bool fits =
        attributes.mode == PadMode::kConstant
            ? true
            : kept > 0 && (attributes.mode != PadMode::kReflect || std::max(before, after) < kept);
    if (!fits) {
      return node_error(ErrorCode::kInvalidModel, node,
                        format_text("axis {}, of length {}, is too short for its pads {} and {}",
                                    axis, x[axis], before, after));
    }
  }
  return result;
}

Result<Shape> ShapeRules::expand(const Node& node) {
  std::vector<int64_t> dims = std::get<ExpandAttributes>(node.attributes).shape;
  for (int64_t& dim : dims) {
    if (dim >= 0) continue;
    const int64_t axis = -1 - dim;
    if (!has(node, 1) || axis >= shape(node, 1).rank()) {
      return node_error(ErrorCode::kInvalidModel, node,
                        "a dimension of its shape is that of an input which has not got it");
    }
    dim = shape(node, 1)[static_cast<int>(axis)];
  }
  Result<Shape> target = Shape::from_dims(dims);
  if (!target) return named(node, target.error());
  return broadcast(node, shape(node, 0), *target);
}

int64_t ShapeRules::times(const Node& node, int axis, int64_t dim, int64_t factor) {
  if (factor == 1) return dim;
  return dim < 0 ? new_symbol(node, axis) : dim * factor;
}

Result<Shape> ShapeRules::tile(const Node& node) {
  const auto& repeats = std::get<TileAttributes>(node.attributes).repeats;
  Shape result = shape(node, 0);
  LOWBIT_TRY(check_count(node, "repeats", repeats.size(), result.rank()));
  for (int axis = 0; axis < result.rank(); ++axis) {
    const int64_t factor = repeats[static_cast<size_t>(axis)];
    if (factor < 0 || factor > kMaxElements) {
      return node_error(ErrorCode::kInvalidModel, node, format_text("it repeats {} times", factor));
    }
    result[axis] = times(node, axis, result[axis], factor);
  }
  return result;
}

Result<Shape> ShapeRules::depth_to_space(const Node& node) {
  const Shape& x = shape(node, 0);
  const int64_t block = std::get<BlockAttributes>(node.attributes).block_size;
  const bool is_block = x.rank() == 4 && block >= 1 && block <= kMaxElements;
  if (!is_block || (x[1] >= 0 && (x[1] < block || x[1] % (block * block) != 0))) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("an input of shape {} cannot have blocks of {}", x.to_string(), block));
  }
  const bool is_known = block == 1 || x[1] >= 0;
  return Shape{x[0], is_known ? x[1] / (block * block) : new_symbol(node, 1),
               times(node, 2, x[2], block), times(node, 3, x[3], block)};
}

Result<Shape> ShapeRules::space_to_depth(const Node& node) {
  const Shape& x = shape(node, 0);
  const int64_t block = std::get<BlockAttributes>(node.attributes).block_size;
  const auto fits = [&](int64_t dim) { return dim < 0 || dim % block == 0; };
  if (x.rank() != 4 || block < 1 || block > kMaxElements || !fits(x[2]) || !fits(x[3])) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("an input of shape {} cannot have blocks of {}", x.to_string(), block));
  }
  const auto part = [&](int axis) {
    return block == 1 || x[axis] >= 0 ? x[axis] / block : new_symbol(node, axis);
  };
  const int64_t channels = times(node, 1, x[1], block);
  const int64_t height = part(2);
  // Of channels times the block's area, which no extent of an image can be, too.
  if (channels > kMaxElements) {
    return node_error(ErrorCode::kLimitExceeded, node, "its output has too many elements");
  }
  return Shape{x[0], channels < 0 ? channels : channels * block, height, part(3)};
}

Result<Shape> ShapeRules::resize(const Node& node) {
  const auto& a = std::get<ResizeAttributes>(node.attributes);
  const Shape& x = shape(node, 0);
  if (a.scales.empty() == a.sizes.empty()) {
    return node_error(ErrorCode::kInvalidModel, node, "it needs either scales or sizes");
  }
  LOWBIT_TRY(check_count(node, "scales or sizes", a.scales.size() + a.sizes.size(), x.rank()));
  if (a.coordinates == ResizeCoordinates::kTfCropAndResize) {
    LOWBIT_TRY(check_count(node, "ends of its region", a.roi.size(), 2 * x.rank()));
  }
  bool is_known = true;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    const bool is_valid = a.scales.empty() ? a.sizes[i] >= 0 && a.sizes[i] <= kMaxElements
                                           : a.scales[i] > 0;  // so that NaN fails
    if (!is_valid) {
      return node_error(ErrorCode::kInvalidModel, node,
                        format_text("axis {} has a scale or a size that is not positive", axis));
    }
    is_known = is_known && (keeps_axis(a, axis) || x[axis] >= 0);
  }
  Shape result = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (keeps_axis(a, axis)) continue;
    // Of a common scale every resized axis must be known.
    const bool is_own = a.aspect == ResizeAspect::kStretch || !a.scales.empty();
    if (is_own ? x[axis] < 0 && !a.scales.empty() : !is_known) {
      result[axis] = new_symbol(node, axis);
    } else if (is_own && x[axis] < 0) {
      result[axis] = a.sizes[static_cast<size_t>(axis)];
    } else {
      const Result<ResizeAxis> resolved = resolve_resize(a, x, axis);
      if (!resolved) return named(node, resolved.error());
      result[axis] = resolved->output;
    }
  }
  return result;
}

}  // namespace lowbit

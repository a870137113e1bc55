#include "graph/shape_checks.h"

#include "base/text.h"
#include "graph/errors.h"

namespace lowbit {

Result<int> resolve_axis_index(const Node& node, int64_t axis, int rank, int limit) {
  if (axis < -rank || axis >= limit) {
    return node_error(ErrorCode::kInvalidModel, node,
                      format_text("axis {} is out of range for an input of rank {}", axis, rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Result<int> resolve_axis_attribute(const Node& node, int rank, int limit) {
  return resolve_axis_index(node, std::get<AxisAttributes>(node.attributes).axis, rank, limit);
}

Result<std::set<int>> resolve_axes(const Node& node, const std::vector<int64_t>& axes, int rank) {
  std::set<int> resolved;
  for (const int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      return node_error(ErrorCode::kInvalidModel, node,
                        format_text("axis {} is out of range for rank {}", axis, rank));
    }
    if (!resolved.insert(static_cast<int>(axis < 0 ? axis + rank : axis)).second) {
      return node_error(ErrorCode::kInvalidModel, node,
                        format_text("axis {} is there twice", axis));
    }
  }
  return resolved;
}

Status check_image(const Node& node, const Shape& shape) {
  if (shape.rank() == 4) return success();
  return node_error(ErrorCode::kUnsupportedFeature, node,
                    format_text("its input has shape {}; only images, [N, C, H, W], are supported",
                                shape.to_string()));
}

Failure named(const Node& node, const Error& error) {
  return node_error(error.code, node, error.message);
}

}  // namespace lowbit

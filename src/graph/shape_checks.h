// What the rules of shapes (graph/shape_rules.h) ask of dimensions and axes.
#pragma once

#include <set>
#include <vector>

#include "graph/graph.h"

namespace lowbit {

// Two dimensions may turn out equal: a symbol may stand for any number.
inline bool may_equal(int64_t a, int64_t b) { return a == b || a < 0 || b < 0; }

// Of two dimensions that must be equal, the one that says more.
inline int64_t known_of(int64_t a, int64_t b) { return a < 0 && b >= 0 ? b : a; }

// An axis in [-rank, limit), counted from the start. Errors: kInvalidModel.
Result<int> resolve_axis_index(const Node& node, int64_t axis, int rank, int limit);
// That of the node's AxisAttributes.
Result<int> resolve_axis_attribute(const Node& node, int rank, int limit);
// Axes in [-rank, rank) as a set, counted from the start. Errors: kInvalidModel, for one that is
// there twice, too.
Result<std::set<int>> resolve_axes(const Node& node, const std::vector<int64_t>& axes, int rank);

// Errors: kUnsupportedFeature unless the shape is [N, C, H, W].
Status check_image(const Node& node, const Shape& shape);

// An error with the node's name.
Failure named(const Node& node, const Error& error);

}  // namespace lowbit

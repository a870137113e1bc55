// What must hold before any code may follow an id, a shape or an attribute of a Graph that came
// from outside.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Checks, in linear time: every id is in range; names are unique and not empty; every value is a
// graph input, a constant or the output of exactly one node; a node's inputs are made before it,
// and are given wherever they are not optional; operators, their arity and the type of their
// attributes are those of ops.inc; inputs and constants have legal shapes, and a constant has the
// dtype and shape of its value; outputs are made by nodes.
// Errors: kInvalidModel, kUnsupportedFeature (a graph output that is a graph input or a constant),
// kShapeMismatch, kTypeMismatch, kLimitExceeded; `where` names the node or value.
Status check_structure(const Graph& graph);

// The part of it that concerns a node alone: its arity, the inputs that must be given, and the type
// of its attributes.
Status check_node_form(const Node& node);

// Every dimension is a symbol or in 1..kMaxElements, and so is the product of those that are no
// symbols. `what` opens the message. Errors: kShapeMismatch (a dimension of 0), kLimitExceeded.
Status check_extent(const Shape& shape, const Text& what);

}  // namespace lowbit

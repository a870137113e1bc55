// What rewrites that make one node of several ask of a graph of reals.
#pragma once

#include <optional>
#include <utility>

#include "graph/graph.h"
#include "graph/rewrites.h"
#include "graph/usage.h"

namespace lowbit {

class NodePattern {
 public:
  explicit NodePattern(const Graph& graph) : graph_(graph), usage_(graph) {}

 protected:
  const Value& value(ValueId id) const { return graph_.value(id); }

  // The node that makes the value, which is real, if it is an `op` without an activation.
  const Node* maker(ValueId id, Op op) const {
    const int32_t index = usage_.producer[static_cast<size_t>(id)];
    if (index == kNoNode || value(id).quant) return nullptr;
    const Node& node = graph_.nodes[static_cast<size_t>(index)];
    return node.op == op && node.activation == ClipAttributes{} ? &node : nullptr;
  }

  // The same, if only one other node needs the value.
  const Node* only_maker(ValueId id, Op op) const {
    return usage_.is_private(id) ? maker(id, op) : nullptr;
  }

  // An input of two that is a constant of one element, and leaves the other's shape as it is.
  std::optional<float> number(const Node& node, size_t input) const {
    const Value& given = value(node.inputs[input]);
    const Value& other = value(node.inputs[1 - input]);
    if (!given.constant || given.dtype != DType::kF32 || given.constant->element_count() != 1 ||
        given.shape.rank() > other.shape.rank()) {
      return std::nullopt;
    }
    return given.constant->data<float>()[0];
  }

 private:
  const Graph& graph_;
  const Usage usage_;
};

// With one node in place of each that ends a pattern: find(last) of `P`, which is made of the
// graph, is that node.
template <class P>
Graph fuse_pattern(const Graph& graph) {
  const P pattern(graph);
  Graph result = graph;
  for (Node& node : result.nodes) {
    if (std::optional<Node> found = pattern.find(node)) node = std::move(*found);
  }
  return remove_unused(result);
}

}  // namespace lowbit

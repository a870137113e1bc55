// What is known of the numbers in short lists of int64 and int32, and of truth values, before a
// graph runs: those that are computed from shapes, which exporters make to keep a dimension
// symbolic ("the input's first dimension, then 64"). Followed node by node, in order.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace lowbit {

// A number, a symbolic dimension, or neither.
struct ShapeNumber {
  enum class Kind : uint8_t { kNumber, kSymbol, kUnknown };
  Kind kind = Kind::kUnknown;
  int64_t value = 0;  // kSymbol: as in Shape
  bool operator==(const ShapeNumber&) const = default;
};

class ShapeValues {
 public:
  // What the node's output holds, if its inputs are known so far. The node's inputs, its output and
  // their shapes are in `graph`.
  void follow(const Graph& graph, const Node& node);

  // Of a value that follow() has seen or that is a constant; null: nothing is known.
  const std::vector<ShapeNumber>* find(const Graph& graph, ValueId id);

 private:
  using Numbers = std::vector<ShapeNumber>;
  std::optional<Numbers> evaluate(const Graph& graph, const Node& node);

  std::vector<std::optional<Numbers>> known_;  // by value
};

}  // namespace lowbit

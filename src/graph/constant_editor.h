// Gives nodes new constants in place of old ones, and keeps the old ones for the nodes that share
// them.
#pragma once

#include <set>
#include <string>

#include "graph/graph.h"

namespace lowbit {

class ConstantEditor {
 public:
  // `graph` must outlive the editor; nobody else may add values or change who reads constants
  // meanwhile.
  explicit ConstantEditor(Graph& graph);

  // Replaces the constant that `node`, a node of the graph, reads as its input `input`. The value
  // keeps its name when no other reads it; else a new one is made, "<old name>/<node>".
  void replace(Node& node, size_t input, Tensor tensor);

  // Gives `node` a constant as its input `input`, which it has not and which is next in the list or
  // kNoValue:
  // "<node>.<suffix>".
  void add(Node& node, size_t input, const std::string& suffix, Tensor tensor);

 private:
  ValueId add_value(std::string name, Tensor tensor);

  Graph& graph_;
  std::vector<int32_t> reader_count_;
  std::set<std::string> names_;
};

// weight[..., c, ...] * factors[c] along `axis`, each product rounded once. Errors: kOutOfMemory.
Result<Tensor> scale_channels(const Tensor& weight, int axis, const std::vector<double>& factors);

}  // namespace lowbit

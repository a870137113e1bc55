// Who makes and who reads each value: what a rewrite must know before it changes one. For valid
// graphs.
#pragma once

#include <utility>
#include <vector>

#include "graph/graph.h"

namespace lowbit {

inline constexpr int32_t kNoNode = -1;

// Indexed by ValueId.
struct Usage {
  std::vector<int32_t> producer;        // the index of the node that makes the value, or kNoNode
  std::vector<int32_t> consumer_count;  // how often nodes read it
  std::vector<bool> is_output;          // of the graph

  explicit Usage(const Graph& graph);

  // True when nobody would miss the value if its only consumer took its place.
  bool is_private(ValueId id) const {
    const auto i = static_cast<size_t>(id);
    return consumer_count[i] == 1 && !is_output[i];
  }
};

// Drops the nodes whose flag is set.
inline void erase_nodes(Graph& graph, const std::vector<bool>& is_removed) {
  std::vector<Node> kept;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!is_removed[i]) kept.push_back(std::move(graph.nodes[i]));
  }
  graph.nodes = std::move(kept);
}

inline Usage::Usage(const Graph& graph)
    : producer(graph.values.size(), kNoNode),
      consumer_count(graph.values.size(), 0),
      is_output(graph.values.size(), false) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    producer[static_cast<size_t>(node.output)] = static_cast<int32_t>(i);
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) ++consumer_count[static_cast<size_t>(id)];
    }
  }
  for (const ValueId id : graph.outputs) is_output[static_cast<size_t>(id)] = true;
}

}  // namespace lowbit

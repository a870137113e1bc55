#include "graph/rewrites.h"
#include "graph/usage.h"

namespace lowbit {

namespace {

bool is_identity(Op op) { return op == Op::kIdentity || op == Op::kDropout; }

// Which value stands for which, once identities are gone.
class Aliases {
 public:
  explicit Aliases(size_t value_count) : target_(value_count, kNoValue) {}

  void set(ValueId alias, ValueId target) { target_[static_cast<size_t>(alias)] = target; }

  // Chains have at most two links: an identity's output to the value before all identities, and
  // that one to the graph output that took its place.
  ValueId find(ValueId id) const {
    while (id != kNoValue && target_[static_cast<size_t>(id)] != kNoValue) {
      id = target_[static_cast<size_t>(id)];
    }
    return id;
  }

 private:
  std::vector<ValueId> target_;
};

}  // namespace

Graph remove_identities(const Graph& graph) {
  const Usage usage(graph);
  Graph result = graph;
  Aliases aliases(graph.values.size());
  std::vector<bool> is_removed(graph.nodes.size(), false);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!is_identity(node.op)) continue;
    const ValueId source = aliases.find(node.inputs[0]);
    if (!usage.is_output[static_cast<size_t>(node.output)]) {
      aliases.set(node.output, source);
      is_removed[i] = true;
      continue;
    }
    const int32_t producer = usage.producer[static_cast<size_t>(source)];
    if (producer == kNoNode || usage.is_output[static_cast<size_t>(source)]) continue;
    // The graph output keeps its name, so the producer makes it in place of its own output.
    result.nodes[static_cast<size_t>(producer)].output = node.output;
    aliases.set(source, node.output);
    is_removed[i] = true;
  }

  erase_nodes(result, is_removed);
  for (Node& node : result.nodes) {
    for (ValueId& id : node.inputs) id = aliases.find(id);
  }
  return remove_unused(result);
}

}  // namespace lowbit

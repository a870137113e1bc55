#include "graph/rewrites.h"
#include "graph/usage.h"

namespace lowbit {

namespace {

// The node at which a pattern begins, which gives its name; null: the pattern is not there.
using Start = const Node*;

class Matcher {
 public:
  explicit Matcher(const Graph& graph) : graph_(graph), usage_(graph) {}

  // HardSwish(x) that ends in `last`.
  Start find(const Node& last, ValueId& x) const {
    if (last.op == Op::kMul) return find_product(last, false, x);
    if (last.op != Op::kDiv || !is_number(last, 1, 6)) return nullptr;
    const Node* product = producer(last.inputs[0], Op::kMul);
    return product ? find_product(*product, true, x) : nullptr;
  }

 private:
  // x times its gate, or times six gates where the product is divided by 6; in either order.
  Start find_product(const Node& product, bool is_divided, ValueId& x) const {
    for (const size_t side : {0u, 1u}) {
      x = product.inputs[side];
      const ValueId factor = product.inputs[1 - side];
      const Start start = is_divided ? find_six_gates(factor, x) : find_gate(factor, x);
      if (start) return start;
    }
    return nullptr;
  }

  // The gate min(max(x / 6 + 1/2, 0), 1), as three nodes or one.
  Start find_gate(ValueId id, ValueId x) const {
    if (const Node* quotient = producer(id, Op::kDiv)) {
      return is_number(*quotient, 1, 6) ? find_six_gates(quotient->inputs[0], x) : nullptr;
    }
    const Node* gate = producer(id, Op::kHardSigmoid);
    if (!gate || gate->inputs[0] != x) return nullptr;
    const UnaryParameters sixth{.alpha = 1.0f / 6, .beta = 0.5f};
    return std::get<UnaryAttributes>(gate->attributes).parameters == sixth ? gate : nullptr;
  }

  // Six times that, min(max(x + 3, 0), 6).
  Start find_six_gates(ValueId id, ValueId x) const {
    const Node* clip = producer(id, Op::kClip);
    const ClipAttributes bounds{.min = 0, .max = 6};
    if (!clip || std::get<ClipAttributes>(clip->attributes) != bounds) return nullptr;
    const Node* sum = producer(clip->inputs[0], Op::kAdd);
    if (!sum || sum->activation != ClipAttributes{}) return nullptr;
    for (const size_t side : {0u, 1u}) {
      if (sum->inputs[side] == x && is_number(*sum, 1 - side, 3)) return sum;
    }
    return nullptr;
  }

  // The node that makes the value, if it is an `op` and only one other needs the value, which is
  // real.
  const Node* producer(ValueId id, Op op) const {
    const int32_t index = usage_.producer[static_cast<size_t>(id)];
    if (index == kNoNode || !usage_.is_private(id) || graph_.value(id).quant) return nullptr;
    const Node& node = graph_.nodes[static_cast<size_t>(index)];
    return node.op == op ? &node : nullptr;
  }

  // Whether an input of two is a constant of one element, which leaves the other's shape as it is.
  bool is_number(const Node& node, size_t input, float number) const {
    const Value& value = graph_.value(node.inputs[input]);
    const Value& other = graph_.value(node.inputs[1 - input]);
    return value.constant && value.dtype == DType::kF32 && value.constant->element_count() == 1 &&
           value.constant->data<float>()[0] == number && value.shape.rank() <= other.shape.rank();
  }

  const Graph& graph_;
  const Usage usage_;
};

}  // namespace

Graph fuse_hard_swish(const Graph& graph) {
  const Matcher matcher(graph);
  Graph result = graph;
  for (Node& node : result.nodes) {
    ValueId x = kNoValue;
    const Start start = matcher.find(node, x);
    if (!start) continue;
    node = {.op = Op::kHardSwish,
            .name = start->name,
            .inputs = {x},
            .output = node.output,
            .attributes = UnaryAttributes{}};
  }
  return remove_unused(result);
}

}  // namespace lowbit

#include "graph/node_pattern.h"
#include "graph/rewrites.h"

namespace lowbit {

namespace {

// The node at which a pattern begins, which gives its name; null: the pattern is not there.
using Start = const Node*;

class HardSwishPattern : NodePattern {
 public:
  using NodePattern::NodePattern;

  std::optional<Node> find(const Node& last) const {
    ValueId x = kNoValue;
    const Start start = find_start(last, x);
    if (!start) return std::nullopt;
    return Node{.op = Op::kHardSwish,
                .name = start->name,
                .inputs = {x},
                .output = last.output,
                .attributes = UnaryAttributes{}};
  }

 private:
  // Of what ends in `last`.
  Start find_start(const Node& last, ValueId& x) const {
    if (last.op == Op::kMul) return find_product(last, false, x);
    if (last.op != Op::kDiv || number(last, 1) != 6.0f) return nullptr;
    const Node* product = only_maker(last.inputs[0], Op::kMul);
    return product ? find_product(*product, true, x) : nullptr;
  }

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
    if (const Node* quotient = only_maker(id, Op::kDiv)) {
      return number(*quotient, 1) == 6.0f ? find_six_gates(quotient->inputs[0], x) : nullptr;
    }
    const Node* gate = only_maker(id, Op::kHardSigmoid);
    if (!gate || gate->inputs[0] != x) return nullptr;
    const UnaryParameters sixth{.alpha = 1.0f / 6, .beta = 0.5f};
    return std::get<UnaryAttributes>(gate->attributes).parameters == sixth ? gate : nullptr;
  }

  // Six times that, min(max(x + 3, 0), 6).
  Start find_six_gates(ValueId id, ValueId x) const {
    const Node* clip = only_maker(id, Op::kClip);
    const ClipAttributes bounds{.min = 0, .max = 6};
    if (!clip || std::get<ClipAttributes>(clip->attributes) != bounds) return nullptr;
    const Node* sum = only_maker(clip->inputs[0], Op::kAdd);
    if (!sum) return nullptr;
    for (const size_t side : {0u, 1u}) {
      if (sum->inputs[side] == x && number(*sum, 1 - side) == 3.0f) return sum;
    }
    return nullptr;
  }
};

}  // namespace

Graph fuse_hard_swish(const Graph& graph) { return fuse_pattern<HardSwishPattern>(graph); }

}  // namespace lowbit

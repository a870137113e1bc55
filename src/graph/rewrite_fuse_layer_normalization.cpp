#include "graph/node_pattern.h"
#include "graph/rewrites.h"

namespace lowbit {

namespace {

class LayerNormalizationPattern : NodePattern {
 public:
  using NodePattern::NodePattern;

  std::optional<Node> find(const Node& last) const {
    if (last.op != Op::kAdd || last.activation != ClipAttributes{}) return std::nullopt;
    for (const size_t side : {0u, 1u}) {
      const Node* scaled = only_maker(last.inputs[side], Op::kMul);
      if (!scaled) continue;
      for (const size_t scaled_side : {0u, 1u}) {
        const Node* quotient = only_maker(scaled->inputs[scaled_side], Op::kDiv);
        std::optional<Node> node = quotient ? find_standardized(*quotient) : std::nullopt;
        if (!node) continue;
        for (const ValueId id : {scaled->inputs[1 - scaled_side], last.inputs[1 - side]}) {
          if (!is_per_element(id, node->inputs[0])) return std::nullopt;
          node->inputs.push_back(id);
        }
        node->output = last.output;
        return node;
      }
    }
    return std::nullopt;
  }

 private:
  // distance / sqrt(mean(distance^2) + epsilon): the node without scale and bias.
  std::optional<Node> find_standardized(const Node& quotient) const {
    const Node* deviation = only_maker(quotient.inputs[1], Op::kSqrt);
    const Node* spread = deviation ? only_maker(deviation->inputs[0], Op::kAdd) : nullptr;
    const Node* distance = maker(quotient.inputs[0], Op::kSub);
    if (!spread || !distance) return std::nullopt;
    const ValueId x = distance->inputs[0];
    const Node* mean = maker(distance->inputs[1], Op::kReduceMean);
    if (!mean || mean->inputs[0] != x || !is_of_rows(*mean)) return std::nullopt;
    for (const size_t side : {0u, 1u}) {
      const Node* variance = only_maker(spread->inputs[side], Op::kReduceMean);
      const std::optional<float> epsilon = number(*spread, 1 - side);
      if (variance && epsilon && is_of_rows(*variance) &&
          is_square(variance->inputs[0], *distance)) {
        return Node{.op = Op::kLayerNormalization,
                    // The first that nobody else needs.
                    .name = variance->name,
                    .inputs = {x},
                    .attributes = NormalizationAttributes{.axis = -1, .epsilon = *epsilon}};
      }
    }
    return std::nullopt;
  }

  // Of the distance, which some files compute twice.
  bool is_square(ValueId id, const Node& distance) const {
    ValueId base = kNoValue;
    if (const Node* power = only_maker(id, Op::kPow); power && number(*power, 1) == 2.0f) {
      base = power->inputs[0];
    } else if (const Node* product = only_maker(id, Op::kMul);
               product && product->inputs[0] == product->inputs[1]) {
      base = product->inputs[0];
    }
    if (base == kNoValue) return false;
    const Node* difference = maker(base, Op::kSub);
    return difference && difference->inputs == distance.inputs;
  }

  // Whether a reduction is along the last dimension, which stays as one of 1.
  bool is_of_rows(const Node& reduction) const {
    const auto& [axes, keep_dims] = std::get<ReduceAttributes>(reduction.attributes);
    const Value& x = value(reduction.inputs[0]);
    return keep_dims && x.dtype == DType::kF32 && axes.size() == 1 &&
           (axes[0] == -1 || axes[0] == x.shape.rank() - 1);
  }

  // Whether a constant has a number for each element of x's rows.
  bool is_per_element(ValueId id, ValueId x) const {
    const Shape& row = value(id).shape;
    const Shape& all = value(x).shape;
    return value(id).constant && row.rank() == 1 && row[0] == all[all.rank() - 1];
  }
};

}  // namespace

Graph fuse_layer_normalization(const Graph& graph) {
  return fuse_pattern<LayerNormalizationPattern>(graph);
}

}  // namespace lowbit

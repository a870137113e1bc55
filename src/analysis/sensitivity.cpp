#include "analysis/sensitivity.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace lowbit {

namespace {

const Node* find_node(const Graph& graph, std::string_view name) {
  const auto found = std::ranges::find(graph.nodes, name, &Node::name);
  return found == graph.nodes.end() ? nullptr : &*found;
}

// Of the integers that stand for the real value `name`; null where there are none.
const QuantParams* integers_of(const Graph& quantized, const std::string& name) {
  for (const std::string& wanted : {name, format_text("{}/quantized", name)}) {
    const ValueId id = quantized.find_value(wanted);
    if (id == kNoValue) continue;
    const Value& value = quantized.value(id);
    if (value.quant && !value.constant) return &*value.quant;
  }
  return nullptr;
}

}  // namespace

std::optional<Graph> with_quantized_weights(const Graph& fp32, const Graph& quantized,
                                            const std::string& name) {
  const Node* integer = find_node(quantized, name);
  if (integer == nullptr || integer->inputs.size() < 2) return {};
  const Value& weights = quantized.value(integer->inputs[1]);
  if (!weights.constant || !weights.quant) return {};
  Graph variant = fp32;
  for (Node& node : variant.nodes) {
    if (node.name != name) continue;
    const Value& real = fp32.value(node.inputs[1]);
    if (node.op != integer->op || real.shape != weights.shape) return {};
    Value integers = weights;
    integers.name = format_text("{}/{}", real.name, name);
    node.inputs[1] = variant.add_value(std::move(integers));
    return variant;
  }
  return {};
}

Graph with_quantized_value(const Graph& fp32, ValueId id, const QuantParams& quant) {
  Graph variant = fp32;
  const Value real = fp32.value(id);
  const ValueId integers = variant.add_value(
      {format_text("{}/quantized", real.name), quant.storage, real.shape, {}, quant});
  const ValueId rounded =
      variant.add_value({format_text("{}/rounded", real.name), DType::kF32, real.shape, {}, {}});
  size_t behind = 0;  // the first place behind the value's maker
  for (size_t i = 0; i < variant.nodes.size(); ++i) {
    if (variant.nodes[i].output == id) behind = i + 1;
    std::ranges::replace(variant.nodes[i].inputs, id, rounded);
  }
  std::ranges::replace(variant.outputs, id, rounded);
  const auto at = variant.nodes.begin() + static_cast<ptrdiff_t>(behind);
  const std::string& name = real.name;
  variant.nodes.insert(at, {Node{Op::kQuantizeLinear,
                                 format_text("{}/quantize", name),
                                 {id},
                                 integers,
                                 QuantizeAttributes{},
                                 {}},
                            Node{Op::kDequantizeLinear,
                                 format_text("{}/dequantize", name),
                                 {integers},
                                 rounded,
                                 QuantizeAttributes{},
                                 {}}});
  return variant;
}

Task<Sensitivity> measure_sensitivity(Graph fp32, Graph quantized, std::vector<Tensor> inputs,
                                      std::vector<int32_t> labels, IncrementalOptions options) {
  struct Trial {
    size_t layer;
    std::optional<Score> LayerSensitivity::* score;
    Graph variant;
  };
  Sensitivity result;
  std::vector<Trial> trials;
  const auto try_value = [&](ValueId id, const QuantParams* quant) {
    if (quant == nullptr) return;
    trials.push_back({result.layers.size() - 1, &LayerSensitivity::output,
                      with_quantized_value(fp32, id, *quant)});
  };
  for (const ValueId id : fp32.inputs) {
    result.layers.push_back({fp32.value(id).name, "Input", {}, {}});
    try_value(id, integers_of(quantized, fp32.value(id).name));
  }
  for (const Node& node : fp32.nodes) {
    result.layers.push_back({node.name, std::string(op_info(node.op).name), {}, {}});
    if (auto variant = with_quantized_weights(fp32, quantized, node.name)) {
      trials.push_back({result.layers.size() - 1, &LayerSensitivity::weights, *std::move(variant)});
    }
    const QuantParams* before = integers_of(quantized, fp32.value(node.inputs[0]).name);
    const QuantParams* after = integers_of(quantized, fp32.value(node.output).name);
    if (before == nullptr || after == nullptr || *before != *after) try_value(node.output, after);
  }

  Evaluator evaluator(std::move(inputs), std::move(labels), options);
  LOWBIT_CO_FINISH(result.fp32, evaluator.measure(fp32, true));
  for (size_t i = 0; i < trials.size(); ++i) {
    Task<Score> measuring = evaluator.measure(std::move(trials[i].variant), false);
    while (!measuring.step()) {
      const double done = static_cast<double>(i) + measuring.progress().fraction;
      co_yield Progress{"sensitivity", done / static_cast<double>(trials.size())};
    }
    LOWBIT_CO_ASSIGN(result.layers[trials[i].layer].*(trials[i].score),
                     std::move(measuring).result());
  }
  co_return result;
}

}  // namespace lowbit

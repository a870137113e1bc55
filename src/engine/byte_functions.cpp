#include "engine/byte_functions.h"

#include <algorithm>

#include "engine/engine.h"

namespace lowbit::engine {

namespace {

// Longer chains are rare, and each QuantizeLinear behind one computes all of it.
constexpr int kMaxLength = 16;

bool is_byte(DType dtype) { return dtype == DType::kU8 || dtype == DType::kI8; }

// Whether a QuantizeLinear or DequantizeLinear, whose integers are `integers`, converts bytes by
// one pair of known parameters.
bool converts_bytes(const Graph& graph, const Node& node, const Value& integers) {
  if (integers.quant) return integers.dtype == DType::kU8 && integers.quant->per_tensor();
  const bool has_blocks = std::get<QuantizeAttributes>(node.attributes).block_size > 0;
  if (node.inputs.size() < 3 || has_blocks || !is_byte(integers.dtype)) return false;
  const auto& scale = graph.value(node.inputs[1]).constant;
  const auto& zero_point = graph.value(node.inputs[2]).constant;
  return scale && zero_point && scale->element_count() == 1;
}

// The position of the only input whose elements the node is a function of; -1: it is none.
int argument_of(const Graph& graph, const Node& node) {
  const Value& output = graph.value(node.output);
  if (output.dtype != DType::kF32 || output.quant) return -1;
  int argument = 0;
  if (binary_function(node.op)) {
    const auto is_number = [&](size_t i) {
      const Value& value = graph.value(node.inputs[i]);
      return value.constant && value.dtype == DType::kF32 && value.constant->element_count() == 1;
    };
    if (is_number(0) == is_number(1)) return -1;
    argument = is_number(0) ? 1 : 0;
  } else if (node.op != Op::kRelu && node.op != Op::kClip && !unary_function(node.op)) {
    return -1;
  }
  const Value& input = graph.value(node.inputs[static_cast<size_t>(argument)]);
  return input.dtype == DType::kF32 && !input.quant && input.shape == output.shape ? argument : -1;
}

}  // namespace

ByteFunctions::Link ByteFunctions::link(const Node& node, const std::vector<size_t>& makers) const {
  if (node.op == Op::kDequantizeLinear) {
    const Value& integers = graph_.value(node.inputs[0]);
    return {.length = !integers.constant && converts_bytes(graph_, node, integers) ? 1 : 0};
  }
  int argument = 0;
  if (node.op != Op::kQuantizeLinear) {
    argument = argument_of(graph_, node);
  } else if (!converts_bytes(graph_, node, graph_.value(node.output))) {
    argument = -1;
  }
  if (argument < 0) return {};
  const size_t before = makers[static_cast<size_t>(node.inputs[static_cast<size_t>(argument)])];
  if (before == kNone || links_[before].length == 0 || links_[before].length > kMaxLength) {
    return {};
  }
  return {.before = before, .length = links_[before].length + 1};
}

ByteFunctions::ByteFunctions(const Graph& graph)
    : graph_(graph), links_(graph.nodes.size()), is_skipped_(graph.nodes.size(), false) {
  std::vector<size_t> makers(graph.values.size(), kNone);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    links_[i] = link(graph.nodes[i], makers);
    makers[static_cast<size_t>(graph.nodes[i].output)] = i;
  }
  std::vector<bool> is_read(graph.values.size(), false);
  for (const ValueId id : graph.outputs) is_read[static_cast<size_t>(id)] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    const bool is_table = dequantizer(i) != kNone;
    const bool is_link = links_[i].length > 0 && node.op != Op::kQuantizeLinear;
    is_skipped_[i] = is_link && !is_read[static_cast<size_t>(node.output)];
    if (is_table || is_skipped_[i]) continue;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) is_read[static_cast<size_t>(id)] = true;
    }
  }
}

size_t ByteFunctions::dequantizer(size_t node) const {
  if (graph_.nodes[node].op != Op::kQuantizeLinear || links_[node].length == 0) return kNone;
  while (links_[node].before != kNone) node = links_[node].before;
  return node;
}

Result<ByteTable> ByteFunctions::table(size_t node) const {
  std::vector<size_t> chain;
  for (size_t i = node; i != kNone; i = links_[i].before) chain.insert(chain.begin(), i);
  // The chain alone, of all bytes.
  Graph graph;
  std::vector<ValueId> taken;  // by value of that graph: the one of this
  const auto take = [&](ValueId id) {
    const auto found = std::ranges::find(taken, id);
    const auto position = static_cast<ValueId>(found - taken.begin());
    if (found != taken.end()) return position;
    taken.push_back(id);
    return graph.add_value(graph_.value(id));
  };
  for (const size_t i : chain) {
    Node link = graph_.nodes[i];
    for (ValueId& id : link.inputs) id = take(id);
    link.output = take(link.output);
    graph.nodes.push_back(std::move(link));
  }
  graph.inputs = {graph.nodes.front().inputs[0]};
  graph.outputs = {graph.nodes.back().output};
  graph.opset = graph_.opset;
  ByteTable table;
  const Shape shape{static_cast<int64_t>(table.size())};
  graph.value(graph.inputs[0]).shape = shape;
  LOWBIT_ASSIGN(Tensor every, Tensor::allocate(graph.value(graph.inputs[0]).dtype, shape));
  for (size_t i = 0; i < table.size(); ++i) every.mutable_raw()[i] = static_cast<std::byte>(i);
  LOWBIT_ASSIGN(Plan plan, make_plan(graph, {&shape, 1}, {}));
  LOWBIT_ASSIGN(const std::vector<Tensor> results, plan.run({&every, 1}));
  std::copy_n(reinterpret_cast<const uint8_t*>(results[0].raw()), table.size(), table.begin());
  return table;
}

}  // namespace lowbit::engine

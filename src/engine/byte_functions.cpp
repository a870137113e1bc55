#include "engine/byte_functions.h"

#include <optional>

#include "qmath/quantize.h"

namespace lowbit::engine {

namespace {

struct ByteParams {
  float scale = 1;
  int32_t zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
  bool is_signed = false;
};

int32_t integer_of(uint8_t byte, bool is_signed) {
  return is_signed ? static_cast<int8_t>(byte) : byte;
}

// Of a QuantizeLinear or DequantizeLinear; its integers are `integers`. Null: it has several, or
// they are computed, or not of bytes.
std::optional<ByteParams> params_of(const Graph& graph, const Node& node, const Value& integers) {
  if (integers.quant) {
    const QuantParams& quant = *integers.quant;
    if (quant.storage != DType::kU8 || !quant.per_tensor()) return std::nullopt;
    return ByteParams{.scale = quant.scale[0],
                      .zero_point = quant.zero_point[0],
                      .qmin = quant.qmin,
                      .qmax = quant.qmax};
  }
  const bool is_signed = integers.dtype == DType::kI8;
  if (node.inputs.size() < 3 || (!is_signed && integers.dtype != DType::kU8)) return std::nullopt;
  const auto& scale = graph.value(node.inputs[1]).constant;
  const auto& zero_point = graph.value(node.inputs[2]).constant;
  if (!scale || !zero_point || scale->element_count() != 1) return std::nullopt;
  const IntegerRange range = *storage_range(integers.dtype);
  const auto byte = static_cast<uint8_t>(zero_point->raw()[0]);
  return ByteParams{.scale = scale->data<float>()[0],
                    .zero_point = integer_of(byte, is_signed),
                    .qmin = range.min,
                    .qmax = range.max,
                    .is_signed = is_signed};
}

}  // namespace

ByteFunctions::ByteFunctions(const Graph& graph)
    : graph_(graph),
      dequantizers_(graph.nodes.size(), kNone),
      is_skipped_(graph.nodes.size(), false) {
  std::vector<size_t> makers(graph.values.size(), kNone);  // a DequantizeLinear of bytes
  std::vector<bool> is_read(graph.values.size(), false);   // as reals
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.op == Op::kQuantizeLinear) {
      const size_t maker = makers[static_cast<size_t>(node.inputs[0])];
      if (maker != kNone && params_of(graph, node, graph.value(node.output))) {
        dequantizers_[i] = maker;
        continue;
      }
    }
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) is_read[static_cast<size_t>(id)] = true;
    }
    if (node.op != Op::kDequantizeLinear) continue;
    const Value& integers = graph.value(node.inputs[0]);
    const bool is_function = !integers.constant && params_of(graph, node, integers);
    if (is_function) makers[static_cast<size_t>(node.output)] = i;
  }
  for (const ValueId id : graph.outputs) is_read[static_cast<size_t>(id)] = true;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto output = static_cast<size_t>(graph.nodes[i].output);
    is_skipped_[i] = makers[output] == i && !is_read[output];
  }
}

ByteTable ByteFunctions::table(size_t node) const {
  const Node& before = graph_.nodes[dequantizers_[node]];
  const Node& after = graph_.nodes[node];
  const ByteParams from = *params_of(graph_, before, graph_.value(before.inputs[0]));
  const ByteParams to = *params_of(graph_, after, graph_.value(after.output));
  ByteTable table{};
  for (size_t byte = 0; byte < table.size(); ++byte) {
    const int32_t q = integer_of(static_cast<uint8_t>(byte), from.is_signed);
    const float real = dequantize(q, from.scale, from.zero_point);
    table[byte] = static_cast<uint8_t>(quantize(real, to.scale, to.zero_point, to.qmin, to.qmax));
  }
  return table;
}

}  // namespace lowbit::engine

// Whether two Graphs say the same, whatever numbers their values have: the first difference in
// words, or "" when there is none.
#pragma once

#include <cstring>
#include <map>
#include <string>

#include "graph/graph.h"

namespace lowbit::test {

inline std::string named_shape(const Graph& graph, const Shape& shape) {
  std::string text;
  for (const int64_t dim : shape.dims()) {
    text += dim < 0 ? graph.symbols[static_cast<size_t>(-1 - dim)] : std::to_string(dim);
    text += ",";
  }
  return text;
}

inline std::string value_difference(const Graph& a, const Value& x, const Graph& b,
                                    const Value& y) {
  if (x.name != y.name) return "'" + x.name + "' and '" + y.name + "'";
  if (x.dtype != y.dtype) return x.name + ": dtype";
  if (named_shape(a, x.shape) != named_shape(b, y.shape)) return x.name + ": shape";
  if (x.quant != y.quant) return x.name + ": quantization parameters";
  if (x.constant.has_value() != y.constant.has_value()) return x.name + ": constant or not";
  if (!x.constant) return "";
  if (x.constant->byte_count() != y.constant->byte_count() ||
      std::memcmp(x.constant->raw(), y.constant->raw(), x.constant->byte_count()) != 0) {
    return x.name + ": elements";
  }
  return "";
}

inline std::string graph_difference(const Graph& a, const Graph& b) {
  const auto compare = [&](ValueId x, ValueId y) -> std::string {
    if (x == kNoValue || y == kNoValue) return x == y ? "" : "an optional input";
    return value_difference(a, a.value(x), b, b.value(y));
  };
  if (a.name != b.name) return "graph name";
  if (a.opset != b.opset) return "opset";
  if (a.metadata != b.metadata) return "metadata";
  if (a.nodes.size() != b.nodes.size()) return "number of nodes";
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    const Node& x = a.nodes[i];
    const Node& y = b.nodes[i];
    if (x.op != y.op || x.name != y.name) return "node '" + x.name + "': operator or name";
    if (x.attributes != y.attributes) return x.name + ": attributes";
    if (x.activation != y.activation) return x.name + ": activation";
    if (x.inputs.size() != y.inputs.size()) return x.name + ": number of inputs";
    for (size_t k = 0; k < x.inputs.size(); ++k) {
      const std::string difference = compare(x.inputs[k], y.inputs[k]);
      if (!difference.empty()) return x.name + ": input " + difference;
    }
    const std::string difference = compare(x.output, y.output);
    if (!difference.empty()) return x.name + ": output " + difference;
  }
  for (const auto ends : {&Graph::inputs, &Graph::outputs}) {
    if ((a.*ends).size() != (b.*ends).size()) return "number of inputs or outputs";
    for (size_t i = 0; i < (a.*ends).size(); ++i) {
      const std::string difference = compare((a.*ends)[i], (b.*ends)[i]);
      if (!difference.empty()) return difference;
    }
  }
  return "";
}

}  // namespace lowbit::test

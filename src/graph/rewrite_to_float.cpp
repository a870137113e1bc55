#include <algorithm>

#include "graph/rewrites.h"
#include "graph/validate.h"
#include "qmath/dequantize_tensor.h"
#include "qmath/quantize.h"

namespace lowbit {

namespace {

// The reals of the ends of the range within which the output's integers stay.
void saturate(Node& node, const QuantParams& q) {
  const float low = dequantize(q.qmin, q.scale[0], q.zero_point[0]);
  const float high = dequantize(q.qmax, q.scale[0], q.zero_point[0]);
  node.activation = {.min = std::clamp(node.activation.min, low, high),
                     .max = std::clamp(node.activation.max, low, high)};
}

}  // namespace

Result<Graph> to_float(const Graph& graph) {
  Graph result = graph;
  for (Node& node : result.nodes) {
    const std::optional<QuantParams>& q = graph.value(node.output).quant;
    if (q && may_have_activation(node.op)) saturate(node, *q);
  }
  for (Value& value : result.values) {
    if (!value.quant) continue;
    if (value.constant) {
      LOWBIT_ASSIGN(value.constant, dequantize_tensor(*value.constant, *value.quant));
    }
    value.dtype = DType::kF32;
    value.quant.reset();
  }
  for (Node& node : result.nodes) {
    const bool converts = node.op == Op::kQuantizeLinear || node.op == Op::kDequantizeLinear;
    // Those with parameters as inputs make and read integers that have none.
    if (!converts || node.inputs.size() > 1) continue;
    node.op = Op::kIdentity;
    node.attributes = NoAttributes{};
  }
  return remove_identities(result);
}

}  // namespace lowbit

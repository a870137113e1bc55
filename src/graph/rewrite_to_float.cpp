#include <algorithm>

#include "graph/rewrites.h"
#include "graph/validate.h"
#include "qmath/quantize.h"

namespace lowbit {

namespace {

template <class T>
void dequantize_into(std::span<float> reals, const Value& value) {
  const QuantParams& q = *value.quant;
  const ScaleIndex index(q, value.shape);
  const std::span<const T> integers = value.constant->data<T>();
  for (size_t i = 0; i < reals.size(); ++i) {
    const size_t at = index.of(i);
    reals[i] = dequantize(integers[i], q.scale[at], q.zero_point[at]);
  }
}

Result<Tensor> dequantized(const Value& value) {
  LOWBIT_ASSIGN(Tensor reals, Tensor::allocate(DType::kF32, value.shape));
  const std::span<float> elements = reals.mutable_data<float>();
  if (value.dtype == DType::kI8) {
    dequantize_into<int8_t>(elements, value);
  } else if (value.dtype == DType::kI32) {
    dequantize_into<int32_t>(elements, value);
  } else {
    dequantize_into<uint8_t>(elements, value);
  }
  return reals;
}

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
      LOWBIT_ASSIGN(value.constant, dequantized(value));
    }
    value.dtype = DType::kF32;
    value.quant.reset();
  }
  for (Node& node : result.nodes) {
    if (node.op == Op::kQuantizeLinear || node.op == Op::kDequantizeLinear) node.op = Op::kIdentity;
  }
  return remove_identities(result);
}

}  // namespace lowbit

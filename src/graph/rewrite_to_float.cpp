#include "graph/rewrites.h"
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

}  // namespace

Result<Graph> to_float(const Graph& graph) {
  Graph result = graph;
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

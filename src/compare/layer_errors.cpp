#include "compare/layer_errors.h"

#include <algorithm>

#include "engine/real_values.h"
#include "kernels/kernels.h"
#include "kernels/layout/layout.h"

namespace lowbit {

Status Activations::keep(const Graph& graph, const ValueView& view) {
  if (view.dtype != DType::kF32) return success();
  const auto values = view.as<float>();
  by_name_[graph.value(view.id).name] = {
      {values.begin(), values.end()}, view.shape, view.channels_last};
  return success();
}

Result<std::vector<float>> Activations::ordered_like(const std::string& name,
                                                     const ValueView& like) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || found->second.shape != like.shape) return std::vector<float>();
  const Kept& kept = found->second;
  if (kept.channels_last == like.channels_last) return kept.values;
  std::vector<float> moved(kept.values.size());
  const auto move = kept.channels_last ? kernels::nhwc_to_nchw : kernels::nchw_to_nhwc;
  move(kept.values.data(), moved.data(), kept.shape[0], kept.shape[1], kept.shape[2], kept.shape[3],
       sizeof(float));
  return moved;
}

namespace {

void overwrite(const ValueView& view, std::span<const float> exact) {
  if (!view.quant) {
    std::ranges::copy(exact, view.as<float>().begin());
    return;
  }
  const QuantParams& p = *view.quant;
  kernels::kSimd128Table.quantize_u8({.input = exact.data(),
                                      .output = view.as<uint8_t>().data(),
                                      .count = view.element_count(),
                                      .scale = p.scale[0],
                                      .zero_point = p.zero_point[0],
                                      .qmin = p.qmin,
                                      .qmax = p.qmax});
}

// By value: the float value on the other side of a QuantizeLinear or DequantizeLinear node, or
// kNoValue.
std::vector<ValueId> float_partners(const Graph& graph) {
  std::vector<ValueId> partner(graph.values.size(), kNoValue);
  for (const Node& node : graph.nodes) {
    if (node.op == Op::kQuantizeLinear) {
      partner[static_cast<size_t>(node.output)] = node.inputs[0];
    } else if (node.op == Op::kDequantizeLinear) {
      partner[static_cast<size_t>(node.inputs[0])] = node.output;
    }
  }
  return partner;
}

}  // namespace

Result<std::vector<Tensor>> add_layer_errors(Plan& plan, std::span<const Tensor> inputs,
                                             const Activations& exact,
                                             std::vector<LayerErrors>& errors) {
  const Graph& graph = plan.graph();
  const std::vector<ValueId> partner = float_partners(graph);
  std::vector<int32_t> producer(graph.values.size(), -1);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    producer[static_cast<size_t>(graph.nodes[i].output)] = static_cast<int32_t>(i);
  }
  errors.resize(graph.nodes.size());

  const auto visit = [&](const ValueView& view, ErrorAccumulator LayerErrors::* kind,
                         bool restart) -> Status {
    const int32_t node = producer[static_cast<size_t>(view.id)];
    if (node < 0 || (view.dtype != DType::kF32 && !view.quant)) return success();
    LOWBIT_ASSIGN(std::vector<float> reference,
                  exact.ordered_like(graph.value(view.id).name, view));
    // The FP32 model has no "x/quantized", but x.
    const ValueId other = partner[static_cast<size_t>(view.id)];
    if (reference.empty() && other != kNoValue) {
      LOWBIT_ASSIGN(reference, exact.ordered_like(graph.value(other).name, view));
    }
    if (reference.empty()) return success();
    (errors[static_cast<size_t>(node)].*kind).add(reference, real_values(view));
    if (restart) overwrite(view, reference);
    return success();
  };

  Taps taps;
  taps.on_value = [&](const ValueView& view) {
    return visit(view, &LayerErrors::accumulated, false);
  };
  LOWBIT_ASSIGN(std::vector<Tensor> outputs, plan.run(inputs, taps));
  taps.on_value = [&](const ValueView& view) { return visit(view, &LayerErrors::isolated, true); };
  LOWBIT_TRY(plan.run(inputs, taps));
  return outputs;
}

}  // namespace lowbit

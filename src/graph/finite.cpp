#include "graph/finite.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace lowbit {

namespace {

Status check_finite(const Value& value) {
  if (!value.constant || value.dtype != DType::kF32) return success();
  const auto data = value.constant->data<float>();
  const auto bad = std::ranges::find_if_not(data, [](float x) { return std::isfinite(x); });
  if (bad == data.end()) return success();
  return make_error(
      ErrorCode::kNonFinite,
      format_text("element {} of weight '{}' is NaN or infinite", bad - data.begin(), value.name),
      value.name);
}

bool has_weights(Op op) {
  return op == Op::kConv || op == Op::kGemm || op == Op::kMatMul || op == Op::kBatchNormalization;
}

}  // namespace

Status check_finite_constants(const Graph& graph) {
  for (const Value& value : graph.values) LOWBIT_TRY(check_finite(value));
  return success();
}

Status check_finite_weights(const Graph& graph) {
  // Each once, however many nodes read it.
  std::vector<bool> is_weight(graph.values.size(), false);
  for (const Node& node : graph.nodes) {
    if (!has_weights(node.op)) continue;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) is_weight[static_cast<size_t>(id)] = true;
    }
  }
  for (size_t i = 0; i < is_weight.size(); ++i) {
    if (is_weight[i]) LOWBIT_TRY(check_finite(graph.values[i]));
  }
  return success();
}

}  // namespace lowbit

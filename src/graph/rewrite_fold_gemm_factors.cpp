#include <utility>

#include "graph/constant_editor.h"
#include "graph/rewrites.h"

namespace lowbit {

Result<Graph> fold_gemm_factors(const Graph& graph) {
  Graph result = graph;
  ConstantEditor editor(result);
  const auto scale = [&](Node& node, size_t input, float factor) -> Status {
    const Tensor& constant = *result.value(node.inputs[input]).constant;
    LOWBIT_ASSIGN(Tensor scaled, scale_channels(constant, -1, {static_cast<double>(factor)}));
    editor.replace(node, input, std::move(scaled));
    return success();
  };
  for (Node& node : result.nodes) {
    auto* gemm = std::get_if<GemmAttributes>(&node.attributes);
    // An integer Gemm has the factors 1, and so is left as it is.
    if (!gemm) continue;
    if (gemm->alpha != 1.0f) LOWBIT_TRY(scale(node, 1, gemm->alpha));
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
    if (has_bias && gemm->beta != 1.0f) LOWBIT_TRY(scale(node, 2, gemm->beta));
    gemm->alpha = 1.0f;
    gemm->beta = 1.0f;
  }
  return remove_unused(result);
}

}  // namespace lowbit

#include "quantize/layer_forms.h"

#include "graph/product_weights.h"
#include "graph/type_rules.h"

namespace lowbit {

namespace {

bool is_float_constant(const Value& value) { return value.constant && value.dtype == DType::kF32; }

// A bias of a Gemm is one row, or one number for all of it.
bool is_row(const Value& bias, int64_t columns) {
  if (!is_float_constant(bias)) return false;
  const int64_t count = bias.constant->element_count();
  return count == columns || count == 1;
}

bool has_integer_weights(const Graph& graph, const Node& node) {
  const Value& weight = graph.value(node.inputs[1]);
  if (!is_float_constant(weight) || weight.shape.rank() < 2) return false;
  if (node.op == Op::kMatMul) return weight.shape.rank() == 2;
  const auto* gemm = std::get_if<GemmAttributes>(&node.attributes);
  if (gemm && gemm->transpose_a) return false;
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  return !has_bias ||
         is_row(graph.value(node.inputs[2]), weight.shape[output_channel_axis(node, weight.shape)]);
}

}  // namespace

bool shares_params_with_input(const Node& node) {
  const auto* const resize = std::get_if<ResizeAttributes>(&node.attributes);
  return only_moves_values(node.op) || node.op == Op::kRelu || node.op == Op::kClip ||
         (resize && resize->mode == ResizeMode::kNearest);
}

std::vector<LayerForm> layer_forms(const Graph& graph, const Recipe& recipe) {
  // Inputs of the graph become integers at once, as constants do.
  std::vector<bool> is_real(graph.values.size(), false);
  std::vector<LayerForm> forms;
  for (const Node& node : graph.nodes) {
    LayerForm form = LayerForm::kFloat;
    const auto own = recipe.layers.find(node.name);
    const bool stays = own != recipe.layers.end() && own->second.is_float;
    const bool has_form =
        op_info(node.op).has_integer && (!is_product(node.op) || has_integer_weights(graph, node));
    // An embedding is looked up in reals, and integers that are no quantized reals stay what they
    // are.
    const bool is_lookup = node.op == Op::kGather && graph.value(node.inputs[0]).constant;
    const bool has_reals = graph.value(node.output).dtype == DType::kF32 && !is_lookup;
    if (!stays && has_form && has_reals) {
      const bool moves_reals =
          shares_params_with_input(node) && is_real[static_cast<size_t>(node.inputs[0])];
      if (recipe.activations_of(node.name).bits != kFloatBits) {
        if (!moves_reals) form = LayerForm::kIntegers;
      } else if (is_product(node.op)) {
        form = LayerForm::kWeightsOnly;
      }
    }
    is_real[static_cast<size_t>(node.output)] = form != LayerForm::kIntegers;
    forms.push_back(form);
  }
  return forms;
}

}  // namespace lowbit

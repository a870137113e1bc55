#include "formats/onnx_operators.h"

#include <algorithm>
#include <array>

#include "base/first_part.h"
#include "base/text.h"
#include "graph/common_ops.h"

namespace lowbit {

namespace {

constexpr size_t kAllInputs = std::numeric_limits<size_t>::max();
constexpr bool kFolds = true;
constexpr bool kRuns = false;

constexpr auto kOperators = std::to_array<OnnxOperator>({
#define LOWBIT_ONNX(domain, name, data_inputs, max_inputs, folds, read) \
  {domain,     #name, data_inputs,                                      \
   max_inputs, folds, kIsFirstPart && !is_common_op(#name) ? nullptr : &read},
#include "formats/onnx_operators.inc"
#undef LOWBIT_ONNX
});

}  // namespace

const OnnxOperator* find_onnx_operator(std::string_view domain, std::string_view name) {
  const std::string_view wanted = domain == "ai.onnx" ? "" : domain;
  const auto found = std::ranges::find_if(kOperators, [&](const OnnxOperator& known) {
    return known.domain == wanted && known.name == name;
  });
  return found == kOperators.end() ? nullptr : &*found;
}

size_t data_input_count(const IndexedNode& node) {
  return std::min(node.inputs.size(), node.known->data_inputs);
}

Result<Expansion> read_onnx_node(const IndexedNode& node, int64_t opset,
                                 std::vector<const Value*> inputs, Parameters& parameters) {
  const int max_inputs = node.known->max_inputs;
  if (max_inputs >= 0 && node.inputs.size() > static_cast<size_t>(max_inputs)) {
    return onnx_node_error(ErrorCode::kInvalidModel, node,
                           format_text("it has {} inputs; the operator has at most {}",
                                       node.inputs.size(), max_inputs));
  }
  AttributeReader attributes(node);
  // Which inputs a kernel may write over, in the first opsets.
  if (opset < 6) attributes.integers("consumed_inputs");
  LOWBIT_ASSIGN(Expansion expansion,
                node.known->read({node, opset, attributes, parameters, std::move(inputs)}));
  LOWBIT_TRY(attributes.finish());
  const OnnxIndex& index = parameters.constants().index();
  for (const MadeNode& made : expansion.nodes) {
    const std::string_view op = op_info(made.op).name;
    if (!index.common_ops_only || is_common_op(op)) continue;
    return onnx_node_error(ErrorCode::kUnsupportedOperator, node,
                           format_text("it would become a node {}", op));
  }
  for (size_t i = expansion.outputs.size(); i < node.outputs.size(); ++i) {
    const TensorId output = node.outputs[i];
    // Exporters name outputs even where nothing reads them, such as Dropout's mask.
    if (!index.is_used(output)) continue;
    return onnx_node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("its output '{}' is not supported", index.tensor(output).name));
  }
  return expansion;
}

Result<ClipAttributes> read_onnx_bounds(const IndexedNode& node, int64_t opset,
                                        Parameters& parameters) {
  AttributeReader attributes(node);
  LOWBIT_ASSIGN(const ClipAttributes bounds,
                read_bounds({node, opset, attributes, parameters, {}}));
  LOWBIT_TRY(attributes.finish());
  return bounds;
}

}  // namespace lowbit

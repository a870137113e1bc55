#include "formats/onnx_fold.h"

#include "base/text.h"
#include "engine/engine.h"
#include "formats/graph_builder.h"
#include "formats/onnx_operators.h"
#include "graph/rewrites.h"

namespace lowbit {

Result<Tensor> fold_node(const IndexedNode& node, size_t output, int64_t opset,
                         OnnxConstants& constants, uint64_t byte_budget) {
  GraphBuilder builder(nullptr);
  Graph& graph = builder.graph();
  graph.opset = opset;
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < data_input_count(node); ++i) {
    if (node.inputs[i] == kNoTensor) {
      inputs.push_back(kNoValue);
      continue;
    }
    LOWBIT_ASSIGN(Tensor tensor, constants.get(node.inputs[i]));
    const std::string name = format_text("{}_{}", constants.index().tensor(node.inputs[i]).name, i);
    inputs.push_back(graph.add_value({.name = builder.unique_name(name),
                                      .dtype = tensor.dtype(),
                                      .shape = tensor.shape(),
                                      .constant = tensor}));
  }
  std::vector<const Value*> values;
  for (const ValueId id : inputs) values.push_back(id == kNoValue ? nullptr : &graph.value(id));
  Parameters parameters(constants, nullptr, nullptr, nullptr);
  LOWBIT_ASSIGN(const Expansion expansion, read_onnx_node(node, opset, values, parameters));
  const std::vector<std::string> names{builder.unique_name("folded")};
  LOWBIT_ASSIGN(const std::vector<ValueId> outputs,
                builder.add(expansion, node, inputs, names, {}));
  if (output >= outputs.size()) {
    return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                           format_text("its output {} is not supported", output));
  }
  const Value& result = graph.value(outputs[output]);
  if (result.constant) return *result.constant;
  uint64_t bytes = 0;
  for (const Node& made : graph.nodes) {
    const Value& value = graph.value(made.output);
    bytes +=
        static_cast<uint64_t>(value.shape.element_count().value_or(0)) * dtype_bytes(value.dtype);
  }
  if (bytes > byte_budget) {
    return onnx_node_error(
        ErrorCode::kLimitExceeded, node,
        "the model's constants take too many bytes, or more than its file accounts for");
  }
  graph.outputs = {outputs[output]};
  LOWBIT_ASSIGN(Plan plan, make_plan(remove_unused(graph), {}, {}));
  LOWBIT_ASSIGN(const std::vector<Tensor> results, plan.run({}));
  return results.front();
}

}  // namespace lowbit

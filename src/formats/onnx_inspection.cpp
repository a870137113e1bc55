#include "formats/onnx_inspection.h"

#include "base/checked.h"
#include "base/text.h"
#include "formats/onnx_index.h"

namespace lowbit {

namespace {

InspectedValue inspect_value(const OnnxValueInfo& info) {
  InspectedValue value{std::string(info.name), onnx_type_name(info.type), std::nullopt};
  if (!info.shape) return value;
  value.shape.emplace();
  for (const OnnxDimension& dimension : *info.shape) {
    if (dimension.value) {
      value.shape->emplace_back(*dimension.value);
    } else {
      value.shape->emplace_back(std::string(dimension.symbol.empty() ? "?" : dimension.symbol));
    }
  }
  return value;
}

std::optional<int64_t> element_count(const OnnxTensor& tensor) {
  std::optional<int64_t> count = 1;
  for (const int64_t dim : tensor.dims) {
    if (!count || dim < 0) return std::nullopt;
    count = checked_multiply(*count, dim);
  }
  return count;
}

Status add_elements(int64_t& sum, const OnnxTensor& tensor, std::string_view name) {
  const std::optional<int64_t> count = element_count(tensor);
  const std::optional<int64_t> next = count ? checked_add(sum, *count) : std::nullopt;
  if (!next) {
    return make_error(ErrorCode::kInvalidModel,
                      format_text("tensor '{}' has an impossible size", name), std::string(name));
  }
  sum = *next;
  return success();
}

Result<int64_t> count_parameters(const OnnxGraph& graph) {
  int64_t sum = 0;
  for (const OnnxTensor& initializer : graph.initializers) {
    LOWBIT_TRY(add_elements(sum, initializer, initializer.name));
  }
  for (const OnnxNode& node : graph.nodes) {
    if (node.op_type != "Constant") continue;
    for (const Slice bytes : node.attributes) {
      LOWBIT_ASSIGN(const OnnxAttribute attribute, parse_onnx_attribute(bytes));
      if (!attribute.tensor) continue;
      LOWBIT_ASSIGN(const OnnxTensor tensor, parse_onnx_tensor(*attribute.tensor));
      LOWBIT_TRY(add_elements(sum, tensor, node.name));
    }
  }
  return sum;
}

}  // namespace

Result<Inspection> inspect_onnx(std::span<const std::byte> bytes) {
  LOWBIT_ASSIGN(const OnnxModel model, parse_onnx_model(bytes));
  const std::map<std::string, Tensor> none;
  LOWBIT_ASSIGN(const OnnxIndex index, index_onnx_model(model, none, false));
  Inspection inspection;
  inspection.opset = model.opset;
  for (const IndexedInput& input : index.inputs) {
    inspection.inputs.push_back(inspect_value(*input.info));
  }
  for (const OnnxValueInfo& output : model.graph.outputs) {
    inspection.outputs.push_back(inspect_value(output));
  }
  for (const OnnxNode& node : model.graph.nodes) ++inspection.operators[onnx_operator_name(node)];
  for (const int32_t id : index.unknown) {
    const IndexedNode& node = index.node(id);
    inspection.unsupported[onnx_operator_name(*node.source)].push_back(node.name);
  }
  LOWBIT_ASSIGN(inspection.parameter_count, count_parameters(model.graph));
  for (const OnnxTensor& initializer : model.graph.initializers) {
    if (initializer.is_external) inspection.files.emplace(initializer.external.location);
  }
  return inspection;
}

}  // namespace lowbit

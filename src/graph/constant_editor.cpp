#include "graph/constant_editor.h"

#include <utility>

#include "base/text.h"
#include "graph/usage.h"

namespace lowbit {

ConstantEditor::ConstantEditor(Graph& graph)
    : graph_(graph), reader_count_(Usage(graph).consumer_count) {
  for (const Value& value : graph.values) names_.insert(value.name);
}

void ConstantEditor::replace(Node& node, size_t input, Tensor tensor) {
  const ValueId old = node.inputs[input];
  int32_t& readers = reader_count_[static_cast<size_t>(old)];
  if (readers > 1) {
    --readers;
    node.inputs[input] =
        add_value(format_text("{}/{}", graph_.value(old).name, node.name), std::move(tensor));
    return;
  }
  Value& value = graph_.value(old);
  value.shape = tensor.shape();
  value.constant = std::move(tensor);
}

void ConstantEditor::add(Node& node, size_t input, const std::string& suffix, Tensor tensor) {
  if (node.inputs.size() <= input) node.inputs.resize(input + 1, kNoValue);
  node.inputs[input] = add_value(format_text("{}.{}", node.name, suffix), std::move(tensor));
}

ValueId ConstantEditor::add_value(std::string name, Tensor tensor) {
  while (!names_.insert(name).second) name += "'";
  reader_count_.push_back(1);
  return graph_.add_value({.name = std::move(name),
                           .dtype = tensor.dtype(),
                           .shape = tensor.shape(),
                           .constant = std::move(tensor)});
}

Result<Tensor> scale_channels(const Tensor& weight, int axis, const std::vector<double>& factors) {
  LOWBIT_ASSIGN(Tensor scaled, Tensor::allocate(DType::kF32, weight.shape()));
  size_t inner = 1;
  for (int i = axis + 1; i < weight.shape().rank(); ++i) {
    inner *= static_cast<size_t>(weight.shape()[i]);
  }
  const std::span<const float> source = weight.data<float>();
  const std::span<float> target = scaled.mutable_data<float>();
  for (size_t i = 0; i < source.size(); ++i) {
    const double factor = factors[i / inner % factors.size()];
    target[i] = static_cast<float>(static_cast<double>(source[i]) * factor);
  }
  return scaled;
}

}  // namespace lowbit

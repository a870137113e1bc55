#include "formats/onnx_read.h"

#include "base/text.h"

namespace lowbit {

bool Parameters::is_constant(TensorId id) const {
  return id != kNoTensor && constants_.index().tensor(id).is_constant;
}

std::optional<std::vector<ShapeNumber>> Parameters::numbers(TensorId id) {
  if (values_ == nullptr) return std::nullopt;
  const auto* known = values_->find(*graph_, (*value_of_)[static_cast<size_t>(id)]);
  return known ? std::optional(*known) : std::nullopt;
}

Parameters::Dimension Parameters::find_symbol(int64_t symbol) {
  const auto index_of = [](int64_t dim) { return static_cast<size_t>(-1 - dim); };
  symbols_.resize(graph_->symbols.size());
  for (; seen_ < graph_->values.size(); ++seen_) {
    const Shape& shape = graph_->values[seen_].shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] >= 0 || symbols_[index_of(shape[axis])].value != kNoValue) continue;
      symbols_[index_of(shape[axis])] = {static_cast<ValueId>(seen_), axis};
    }
  }
  return symbols_[index_of(symbol)];
}

Result<Tensor> NodeSource::constant(size_t input, std::string_view what) const {
  if (parameters.is_constant(node.inputs[input])) {
    return parameters.constants().get(node.inputs[input]);
  }
  return refuse(ErrorCode::kUnsupportedFeature,
                format_text("its input {} must be a constant", what));
}

Result<std::optional<float>> NodeSource::scalar(size_t input, std::string_view what) const {
  if (!has(input)) return std::optional<float>{};
  LOWBIT_TRY(constant(input, what));
  LOWBIT_ASSIGN(const float value, parameters.constants().scalar(node.inputs[input]));
  return std::optional<float>(value);
}

Result<std::vector<int64_t>> NodeSource::integers(size_t input, std::string_view what) const {
  const TensorId id = node.inputs[input];
  if (parameters.is_constant(id)) return parameters.constants().integers(id);
  const auto numbers = parameters.numbers(id);
  if (!numbers) {
    return refuse(ErrorCode::kUnsupportedFeature,
                  format_text("its input {} must be known when the model is loaded; it depends on "
                              "data",
                              what));
  }
  std::vector<int64_t> values;
  for (const ShapeNumber& number : *numbers) {
    if (number.kind != ShapeNumber::Kind::kNumber) {
      return refuse(
          ErrorCode::kUnsupportedFeature,
          format_text("its input {} depends on a symbolic dimension; give the dimensions numbers "
                      "when the model is loaded",
                      what));
    }
    values.push_back(number.value);
  }
  return values;
}

Expansion same_node(const NodeSource& source, Attributes attributes) {
  MadeNode node{.op = *source.node.op, .attributes = std::move(attributes)};
  for (size_t i = 0; i < source.inputs.size(); ++i) {
    node.inputs.push_back(source.inputs[i] ? Operand::input(i) : Operand::none());
  }
  Expansion expansion;
  expansion.nodes.push_back(std::move(node));
  return expansion;
}

Result<Tensor> scalar_of(DType dtype, int64_t value) {
  switch (dtype) {
#define X(name, type, text, onnx)                                \
  case DType::k##name: {                                         \
    const type number = static_cast<type>(value);                \
    return Tensor::from_values<type>({}, std::span(&number, 1)); \
  }
    LOWBIT_DTYPES(X)
#undef X
  }
  return Tensor();
}

}  // namespace lowbit

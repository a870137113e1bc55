#include "formats/onnx_constants.h"

#include <algorithm>

#include "base/text.h"
#include "formats/onnx_attributes.h"
#include "formats/onnx_fold.h"
#include "formats/onnx_tensor.h"

namespace lowbit {

namespace {

template <class T>
Result<Tensor> list_of(const std::vector<T>& values) {
  return Tensor::from_values<T>(Shape{static_cast<int64_t>(values.size())},
                                std::span<const T>(values));
}

template <class T>
Result<Tensor> scalar_of(T value) {
  return Tensor::from_values<T>(Shape{}, std::span<const T>(&value, 1));
}

// With the type that the file says. Bytes may be truth values: callers have no type for those.
Result<Tensor> given_constant(const IndexedTensor& source) {
  const std::string name(source.name);
  const std::optional<DType> wanted = dtype_of_onnx(source.given_type);
  if (wanted == source.given->dtype()) return *source.given;
  if (wanted != DType::kBool || source.given->dtype() != DType::kU8) {
    return make_error(
        ErrorCode::kTypeMismatch,
        format_text("the constant given for the input '{}' is {}; the input is {}", name,
                    dtype_name(source.given->dtype()), onnx_type_name(source.given_type)),
        name);
  }
  LOWBIT_ASSIGN(Tensor truth, Tensor::allocate(DType::kBool, source.given->shape()));
  std::ranges::transform(source.given->data<uint8_t>(), truth.mutable_data<bool>().begin(),
                         [](uint8_t byte) { return byte != 0; });
  return truth;
}

}  // namespace

// What a constant is computed from is made first, from a list of its own: chains may be long.
Result<Tensor> OnnxConstants::get(TensorId id) {
  std::vector<TensorId> pending{id};
  while (!pending.empty()) {
    const TensorId next = pending.back();
    std::optional<Tensor>& tensor = tensors_[static_cast<size_t>(next)];
    const size_t count = pending.size();
    const IndexedNode* const producer = tensor ? nullptr : index_.producer(next);
    for (const TensorId input : producer ? producer->inputs : std::vector<TensorId>{}) {
      if (input != kNoTensor && !tensors_[static_cast<size_t>(input)]) pending.push_back(input);
    }
    if (pending.size() > count) continue;
    if (!tensor) {
      LOWBIT_ASSIGN(tensor, decode(next));
    }
    pending.pop_back();
  }
  return *tensors_[static_cast<size_t>(id)];
}

Result<Tensor> OnnxConstants::attribute(const Slice& tensor, const std::string& node) {
  LOWBIT_ASSIGN(const OnnxTensor source, parse_onnx_tensor(tensor));
  return decode_onnx_tensor(source, node, files_, byte_budget_);
}

Result<Tensor> OnnxConstants::decode(TensorId id) {
  const IndexedTensor& tensor = index_.tensor(id);
  if (tensor.given) return given_constant(tensor);
  if (tensor.initializer) {
    return decode_onnx_tensor(*tensor.initializer, std::string(tensor.name), files_, byte_budget_);
  }
  const IndexedNode& node = *index_.producer(id);
  return node.known ? fold(id, node) : constant_node(node);
}

Result<Tensor> OnnxConstants::constant_node(const IndexedNode& node) {
  AttributeReader attributes(node);
  const auto tensor = attributes.tensor("value");
  const bool has_integer = attributes.has("value_int");
  const bool has_integers = attributes.has("value_ints");
  const bool has_real = attributes.has("value_float");
  const bool has_reals = attributes.has("value_floats");
  const int64_t integer = attributes.integer("value_int", 0);
  const auto integers = attributes.integers("value_ints");
  const float real = attributes.real("value_float", 0);
  const auto reals = attributes.reals("value_floats");
  LOWBIT_TRY(attributes.finish());
  const int given = int{tensor.has_value()} + int{has_integer} + int{has_integers} + int{has_real} +
                    int{has_reals};
  if (given != 1) {
    return onnx_node_error(ErrorCode::kInvalidModel, node,
                           format_text("it needs exactly one value, it has {}", given));
  }
  if (has_integer) return scalar_of(integer);
  if (has_integers) return list_of(integers);
  if (has_real) return scalar_of(real);
  if (has_reals) return list_of(reals);
  return attribute(*tensor, node.name);
}

Result<Tensor> OnnxConstants::fold(TensorId id, const IndexedNode& node) {
  const auto output =
      static_cast<size_t>(std::ranges::find(node.outputs, id) - node.outputs.begin());
  LOWBIT_ASSIGN(Tensor result, fold_node(node, output, opset_, *this, byte_budget_));
  byte_budget_ -= std::min<uint64_t>(byte_budget_, result.byte_count());
  return result;
}

Result<float> OnnxConstants::scalar(TensorId id) {
  LOWBIT_ASSIGN(const Tensor tensor, get(id));
  if (tensor.dtype() == DType::kF32 && tensor.element_count() == 1) return tensor.data<float>()[0];
  const std::string name(index_.tensor(id).name);
  return make_error(ErrorCode::kInvalidModel,
                    format_text("the constant '{}' must be a single real number", name), name);
}

Result<std::vector<int64_t>> OnnxConstants::integers(TensorId id) {
  LOWBIT_ASSIGN(const Tensor tensor, get(id));
  if (tensor.dtype() == DType::kI64 && tensor.shape().rank() <= 1) {
    const std::span<const int64_t> elements = tensor.data<int64_t>();
    return std::vector<int64_t>(elements.begin(), elements.end());
  }
  if (tensor.dtype() == DType::kI32 && tensor.shape().rank() <= 1) {
    const std::span<const int32_t> elements = tensor.data<int32_t>();
    return std::vector<int64_t>(elements.begin(), elements.end());
  }
  const std::string name(index_.tensor(id).name);
  return make_error(ErrorCode::kInvalidModel,
                    format_text("the constant '{}' must be a list of integers", name), name);
}

}  // namespace lowbit

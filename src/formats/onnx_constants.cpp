#include "formats/onnx_constants.h"

#include "base/text.h"
#include "formats/onnx_attributes.h"
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

}  // namespace

Result<Tensor> OnnxConstants::get(TensorId id) {
  std::optional<Tensor>& tensor = tensors_[static_cast<size_t>(id)];
  if (!tensor) {
    LOWBIT_ASSIGN(tensor, decode(id));
  }
  return *tensor;
}

Result<Tensor> OnnxConstants::decode(TensorId id) {
  const IndexedTensor& tensor = index_.tensor(id);
  if (tensor.initializer) {
    return decode_onnx_tensor(*tensor.initializer, std::string(tensor.name), files_, byte_budget_);
  }
  const IndexedNode& node = *index_.producer(id);
  if (node.source->op_type == "Constant") return constant_node(node);
  return node.source->op_type == "Cast" ? cast(node) : product(node);
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
  LOWBIT_ASSIGN(const OnnxTensor source, parse_onnx_tensor(*tensor));
  return decode_onnx_tensor(source, node.name, files_, byte_budget_);
}

Result<Tensor> OnnxConstants::product(const IndexedNode& node) {
  LOWBIT_ASSIGN(Tensor a, get(node.inputs[0]));
  LOWBIT_ASSIGN(Tensor b, get(node.inputs[1]));
  if (a.element_count() != 1) std::swap(a, b);
  if (a.dtype() != DType::kF32 || b.dtype() != DType::kF32 || a.element_count() != 1 ||
      a.shape().rank() > b.shape().rank()) {
    return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                           "only the product of a float32 constant and a single float32 is "
                           "supported");
  }
  if (b.byte_count() > byte_budget_) {
    return onnx_node_error(ErrorCode::kLimitExceeded, node, "the model's tensors are too large");
  }
  byte_budget_ -= b.byte_count();
  LOWBIT_ASSIGN(Tensor result, Tensor::allocate(DType::kF32, b.shape()));
  const float factor = a.data<float>()[0];
  const std::span<const float> factors = b.data<float>();
  std::span<float> products = result.mutable_data<float>();
  for (size_t i = 0; i < products.size(); ++i) products[i] = factor * factors[i];
  return result;
}

// Decoding has made int32 of int16 already (formats/onnx_tensor.h).
Result<Tensor> OnnxConstants::cast(const IndexedNode& node) {
  AttributeReader attributes(node);
  const OnnxType type{attributes.integer("to", 0)};
  attributes.integer("saturate", 1);  // of float8 only
  LOWBIT_TRY(attributes.finish());
  LOWBIT_ASSIGN(Tensor tensor, get(node.inputs[0]));
  if (type == OnnxType::kInt32 && tensor.dtype() == DType::kI32) return tensor;
  return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                         "only a Cast from int16 to int32 is supported");
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
  const std::string name(index_.tensor(id).name);
  return make_error(ErrorCode::kInvalidModel,
                    format_text("the constant '{}' must be a list of int64 numbers", name), name);
}

}  // namespace lowbit

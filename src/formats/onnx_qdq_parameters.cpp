#include "formats/onnx_qdq_parameters.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/onnx_attributes.h"
#include "formats/onnx_tensor.h"

namespace lowbit {

namespace {

// The inputs of QuantizeLinear and DequantizeLinear.
constexpr size_t kScale = 1;
constexpr size_t kZeroPoint = 2;

template <class T>
std::vector<int32_t> widened(const Tensor& tensor) {
  const std::span<const T> elements = tensor.data<T>();
  return {elements.begin(), elements.end()};
}

std::vector<int32_t> zero_points(const Tensor& tensor) {
  if (tensor.dtype() == DType::kU8) return widened<uint8_t>(tensor);
  if (tensor.dtype() == DType::kI8) return widened<int8_t>(tensor);
  return widened<int32_t>(tensor);
}

}  // namespace

bool are_scales(std::span<const float> numbers) {
  return std::ranges::all_of(numbers, [](float x) { return std::isnormal(x) && x > 0; });
}

QdqReader::QdqReader(const OnnxIndex& index, OnnxConstants& constants)
    : index_(index), constants_(constants), input_type_(index.tensors.size()) {
  for (const IndexedInput& input : index.inputs) {
    input_type_[static_cast<size_t>(input.tensor)] = dtype_of_onnx(input.info->type);
  }
}

Result<QdqReader::Parameters> QdqReader::read(const IndexedNode& node) {
  Parameters parameters;
  AttributeReader attributes(node);
  parameters.axis = attributes.integer("axis", 1);
  parameters.block_size = attributes.integer("block_size", 0);
  if (node.inputs.size() < 2 || node.inputs.size() > 3 || node.inputs[0] == kNoTensor ||
      node.inputs[kScale] == kNoTensor) {
    return onnx_node_error(ErrorCode::kInvalidModel, node, "it needs two or three inputs");
  }
  parameters.scale = node.inputs[kScale];
  if (node.inputs.size() > kZeroPoint) parameters.zero_point = node.inputs[kZeroPoint];
  return parameters;
}

// Both are known, the scale is float32, and the zero point of a type that is computed with.
Result<bool> QdqReader::are_known(const Parameters& parameters) {
  if (!is_constant(parameters.scale)) return false;
  LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
  if (scale.dtype() != DType::kF32) return false;
  if (parameters.zero_point == kNoTensor) return true;
  if (!is_constant(parameters.zero_point)) return false;
  LOWBIT_ASSIGN(const Tensor zero_point, constants_.get(parameters.zero_point));
  return storage_range(zero_point.dtype()).has_value();
}

// Of parameters that are known. `storage`: of the integers, where something besides the zero
// point says it.
Result<QuantParams> QdqReader::quant_params(const IndexedNode& node, const Parameters& parameters,
                                            std::optional<DType> storage) {
  LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
  QuantParams quant;
  const auto scales = scale.data<float>();
  quant.scale.assign(scales.begin(), scales.end());
  if (!are_scales(scales)) {
    return onnx_node_error(ErrorCode::kInvalidModel, node,
                           "its scales must be positive normal numbers");
  }
  quant.zero_point.assign(scales.size(), 0);
  quant.storage = storage.value_or(DType::kU8);
  if (parameters.zero_point != kNoTensor) {
    LOWBIT_ASSIGN(const Tensor zero_point, constants_.get(parameters.zero_point));
    if (storage.value_or(zero_point.dtype()) != zero_point.dtype() ||
        zero_point.element_count() != scale.element_count() ||
        (zero_point.element_count() != 1 && zero_point.shape() != scale.shape())) {
      return onnx_node_error(ErrorCode::kInvalidModel, node,
                             "its zero point does not fit its scale and its integers");
    }
    quant.storage = zero_point.dtype();
    quant.zero_point = zero_points(zero_point);
  }
  const auto range = storage_range(quant.storage);
  if (!range) {
    return onnx_node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("integers of type {} are not supported", dtype_name(quant.storage)));
  }
  quant.qmin = range->min;
  quant.qmax = range->max;
  return quant;
}

// What the integers are where no zero point says it.
std::optional<DType> QdqReader::declared_type(const IndexedNode& node,
                                              const std::optional<Activation>& made) const {
  if (node.op == Op::kQuantizeLinear) {
    const int64_t type = AttributeReader(node).integer("output_dtype", 0);
    if (OnnxType{type} == OnnxType::kInt8) return DType::kI8;
    const bool is_default = type == 0 || OnnxType{type} == OnnxType::kUint8;
    return is_default ? std::optional(DType::kU8) : std::nullopt;
  }
  if (made) return made->is_signed ? DType::kI8 : DType::kU8;
  return input_type_[static_cast<size_t>(node.inputs.front())];
}

// Integers of four bits have become bytes, but saturate earlier.
bool QdqReader::is_wide_type(const Parameters& parameters) const {
  if (parameters.zero_point == kNoTensor) return true;
  const OnnxTensor* const source = index_.tensor(parameters.zero_point).initializer;
  return !source || source->type == OnnxType::kUint8 || source->type == OnnxType::kInt8;
}

Result<std::optional<Activation>> QdqReader::activation(const IndexedNode& node,
                                                        const std::optional<Activation>& made) {
  const std::optional<Activation> none;
  LOWBIT_ASSIGN(const Parameters parameters, read(node));
  LOWBIT_ASSIGN(const bool is_known, are_known(parameters));
  if (!is_known || parameters.block_size > 0 || !is_wide_type(parameters)) return none;
  LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
  if (scale.element_count() != 1) return none;
  std::optional<DType> storage;
  if (parameters.zero_point == kNoTensor) {
    storage = declared_type(node, made);
    if (!storage || !storage_range(*storage)) return none;
  }
  LOWBIT_ASSIGN(QuantParams quant, quant_params(node, parameters, storage));
  if (quant.storage == DType::kI32) return none;
  const bool is_signed = quant.storage == DType::kI8;
  if (is_signed) {
    quant.zero_point[0] -= storage_range(DType::kI8)->min;
    quant.storage = DType::kU8;
    quant.qmin = 0;
    quant.qmax = activation_qmax(8);
  }
  return std::optional(Activation{std::move(quant), is_signed});
}

Result<std::optional<QuantParams>> QdqReader::constant(const IndexedNode& node) {
  const TensorId source = node.inputs.front();
  LOWBIT_ASSIGN(const Parameters parameters, read(node));
  LOWBIT_ASSIGN(const bool is_known, are_known(parameters));
  if (!is_known) return std::optional<QuantParams>();
  LOWBIT_ASSIGN(const Tensor constant, constants_.get(source));
  if (constant.element_count() == 0) {
    return onnx_node_error(ErrorCode::kInvalidModel, node, "its constant is empty");
  }
  LOWBIT_ASSIGN(QuantParams quant, quant_params(node, parameters, constant.dtype()));
  const int rank = constant.shape().rank();
  const int64_t axis = parameters.axis < 0 ? parameters.axis + rank : parameters.axis;
  const auto count = static_cast<int64_t>(quant.scale.size());
  LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
  const bool is_axis = axis >= 0 && axis < rank;
  const bool has_axis = scale.shape().rank() == 1 && is_axis;
  if (parameters.block_size != 0) {
    if (is_axis) quant.axis = static_cast<int>(axis);
    quant.block_size = parameters.block_size;
    if (!is_axis || parameters.block_size < 0 ||
        scale.shape() != scale_shape(quant, constant.shape())) {
      return onnx_node_error(
          ErrorCode::kInvalidModel, node,
          format_text("scales of the shape {} for blocks of {} along axis {} of a constant of "
                      "the shape {}",
                      scale.shape().to_string(), parameters.block_size, parameters.axis,
                      constant.shape().to_string()));
    }
  } else if (has_axis && constant.shape()[static_cast<int>(axis)] == count) {
    quant.axis = static_cast<int>(axis);
  } else if (count != 1) {
    return onnx_node_error(ErrorCode::kInvalidModel, node,
                           format_text("{} scales along axis {} of a constant of the shape {}",
                                       count, parameters.axis, constant.shape().to_string()));
  }
  return std::optional(std::move(quant));
}

}  // namespace lowbit

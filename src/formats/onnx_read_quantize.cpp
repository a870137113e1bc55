// Between reals and integers.
#include <algorithm>

#include "base/text.h"
#include "formats/onnx_qdq_parameters.h"
#include "formats/onnx_read.h"
#include "formats/onnx_tensor.h"

namespace lowbit {

namespace {

constexpr size_t kScale = 1;
constexpr size_t kZeroPoint = 2;

// Zero points of 0, where the file has none.
Result<Tensor> zeros(DType type, const Shape& shape) {
  LOWBIT_ASSIGN(Tensor zero_points, Tensor::allocate(type, shape));
  std::fill_n(zero_points.mutable_raw(), zero_points.byte_count(), std::byte{0});
  return zero_points;
}

// Of the integers that a QuantizeLinear makes, where it does not say it by a zero point.
Result<DType> output_type(const NodeSource& source, OnnxType type) {
  const std::optional<DType> dtype = dtype_of_onnx(type);
  if (type == OnnxType::kUint8 || type == OnnxType::kInt8) return *dtype;
  return source.refuse(ErrorCode::kUnsupportedFeature,
                       format_text("integers of type {} are not supported", onnx_type_name(type)));
}

// The type of a zero point, which may have become another one when it was decoded.
std::optional<OnnxType> type_of_zero_point(const NodeSource& source) {
  const OnnxIndex& index = source.parameters.constants().index();
  const OnnxTensor* const initializer = index.tensor(source.node.inputs[kZeroPoint]).initializer;
  return initializer ? std::optional(initializer->type) : std::nullopt;
}

}  // namespace

Result<Expansion> read_quantize(const NodeSource& source) {
  const bool is_quantize = source.node.op == Op::kQuantizeLinear;
  QuantizeAttributes attributes;
  attributes.axis = source.attributes.integer("axis", attributes.axis);
  attributes.block_size = source.attributes.integer("block_size", 0);
  source.attributes.integer("saturate", 1);  // of float8 only
  const int64_t given_type = source.attributes.integer("output_dtype", 0);
  // Integers that carry their parameters.
  if (source.inputs.size() == 1) return same_node(source, QuantizeAttributes{});
  if (!source.inputs[0] || !source.inputs[kScale]) {
    return source.refuse(ErrorCode::kInvalidModel, "it needs two or three inputs");
  }
  const std::optional<Tensor>& scales = source.inputs[kScale]->constant;
  if (scales && scales->dtype() == DType::kF32 && !are_scales(scales->data<float>())) {
    return source.refuse(ErrorCode::kInvalidModel, "its scales must be positive normal numbers");
  }
  Expansion expansion;
  MadeNode node{.op = *source.node.op, .attributes = attributes};
  node.inputs = {Operand::input(0), Operand::input(kScale), Operand::input(kZeroPoint)};
  if (is_quantize && source.inputs[0]->dtype != DType::kF32) {
    node.inputs[0] = expansion.add({Op::kCast, {node.inputs[0]}, CastAttributes{}});
  }
  if (!source.has(kZeroPoint)) {
    DType type = source.inputs[0]->dtype;
    if (is_quantize) {
      const OnnxType given = given_type == 0 ? OnnxType::kUint8 : OnnxType{given_type};
      LOWBIT_ASSIGN(type, output_type(source, given));
    }
    LOWBIT_ASSIGN(Tensor zero_points, zeros(type, source.inputs[kScale]->shape));
    node.inputs[kZeroPoint] = expansion.add(std::move(zero_points));
  } else if (const auto type = type_of_zero_point(source); is_quantize && type) {
    LOWBIT_TRY(output_type(source, *type));
  }
  expansion.add(std::move(node));
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

Result<Expansion> read_dynamic_quantize(const NodeSource& source) {
  using Output = DynamicQuantizeAttributes::Output;
  Expansion expansion;
  expansion.outputs.clear();
  const OnnxIndex& index = source.parameters.constants().index();
  for (const Output output : {Output::kIntegers, Output::kScale, Output::kZeroPoint}) {
    const auto k = static_cast<size_t>(output);
    const bool is_used = k < source.node.outputs.size() && index.is_used(source.node.outputs[k]);
    expansion.outputs.push_back(is_used ? expansion.nodes.size() : Expansion::kNotMade);
    if (!is_used) continue;
    expansion.add(
        {Op::kDynamicQuantizeLinear, {Operand::input(0)}, DynamicQuantizeAttributes{output}});
  }
  return expansion;
}

}  // namespace lowbit

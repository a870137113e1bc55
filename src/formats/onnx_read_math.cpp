// Products, normalization, and functions of each element.
#include <cmath>
#include <utility>

#include "base/text.h"
#include "formats/onnx_read.h"
#include "formats/onnx_tensor.h"

namespace lowbit {

namespace {

// Where a bound is a tensor of another type than float32: y = Min(Max(x, min), max).
Result<Expansion> clip_integers(const NodeSource& source) {
  Expansion expansion;
  Operand at = Operand::input(0);
  for (const size_t input : {size_t{1}, size_t{2}}) {
    if (!source.has(input)) continue;
    LOWBIT_ASSIGN(Tensor bound, source.constant(input, input == 1 ? "min" : "max"));
    const Operand constant = expansion.add(std::move(bound));
    at = expansion.add({input == 1 ? Op::kMax : Op::kMin, {at, constant}});
  }
  if (expansion.nodes.empty()) expansion.add(MadeNode{Op::kIdentity, {at}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

// factor * operand.
Result<Operand> scaled(Expansion& expansion, Operand operand, float factor) {
  if (factor == 1.0f) return operand;
  LOWBIT_ASSIGN(Tensor constant, Tensor::from_values<float>({}, std::span(&factor, 1)));
  const Operand number = expansion.add(std::move(constant));
  return expansion.add({Op::kMul, {operand, number}});
}

// Of matrices of which B is computed.
Result<Operand> product_of_activations(Expansion& expansion, const GemmAttributes& gemm) {
  const auto matrix = [&](size_t input, bool is_transposed) {
    const Operand operand = Operand::input(input);
    if (!is_transposed) return operand;
    return expansion.add({Op::kTranspose, {operand}, TransposeAttributes{{1, 0}}});
  };
  const Operand a = matrix(0, gemm.transpose_a);
  const Operand b = matrix(1, gemm.transpose_b);
  return scaled(expansion, expansion.add({Op::kMatMul, {a, b}}), gemm.alpha);
}

// Where B is computed, or C is or has rows of its own: (alpha A' B') + beta C.
Result<Expansion> gemm_in_steps(const NodeSource& source, GemmAttributes gemm) {
  Expansion expansion;
  const float beta = std::exchange(gemm.beta, 1.0f);
  Operand product;
  if (source.inputs[1]->constant) {
    product = expansion.add({Op::kGemm, {Operand::input(0), Operand::input(1)}, gemm});
  } else {
    LOWBIT_ASSIGN(product, product_of_activations(expansion, gemm));
  }
  const Value* const c = source.inputs.size() > 2 ? source.inputs[2] : nullptr;
  Operand summand = Operand::input(2);
  if (c && beta != 1.0f && c->constant && c->dtype == DType::kF32) {
    LOWBIT_ASSIGN(Tensor constant, Tensor::from_values(c->shape, c->constant->data<float>()));
    for (float& x : constant.mutable_data<float>()) x *= beta;
    summand = expansion.add(std::move(constant));
  } else if (c) {
    LOWBIT_ASSIGN(summand, scaled(expansion, summand, beta));
  }
  if (c) expansion.add({Op::kAdd, {product, summand}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

// Neg, Abs and Sign of integers, of functions of two values.
Result<Expansion> read_integer_unary(const NodeSource& source, DType dtype) {
  const Operand x = Operand::input(0);
  const bool is_signed = dtype != DType::kU8;
  Expansion expansion;
  const auto number = [&](int64_t value) -> Result<Operand> {
    LOWBIT_ASSIGN(Tensor constant, scalar_of(dtype, value));
    return expansion.add(std::move(constant));
  };
  if (source.node.op == Op::kSign) {
    LOWBIT_ASSIGN(const Operand one, number(1));
    LOWBIT_ASSIGN(const Operand least, number(is_signed ? -1 : 0));
    const Operand bounded = expansion.add({Op::kMin, {x, one}});
    expansion.add({Op::kMax, {bounded, least}});
  } else if (source.node.op == Op::kAbs && !is_signed) {
    expansion.add({Op::kIdentity, {x}});
  } else if (source.node.op == Op::kAbs || source.node.op == Op::kNeg) {
    LOWBIT_ASSIGN(const Operand zero, number(0));
    const Operand negative = expansion.add({Op::kSub, {zero, x}});
    if (source.node.op == Op::kAbs) expansion.add({Op::kMax, {x, negative}});
  } else {
    return same_node(source, UnaryAttributes{});
  }
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

}  // namespace

Result<Expansion> read_same(const NodeSource& source) { return same_node(source); }

// Before opset 7 the dimensions of the second operand may be those of the first from `axis` on.
Result<Expansion> read_binary(const NodeSource& source) {
  if (source.opset >= 7) return same_node(source);
  const bool is_prelu = source.node.op == Op::kPRelu;
  source.attributes.integer("broadcast", 0);
  const int64_t given = source.attributes.integer("axis", is_prelu ? 1 : -1);
  Expansion expansion = same_node(source);
  if (given < 0 || source.inputs.size() < 2 || !source.inputs[0] || !source.inputs[1]) {
    return expansion;
  }
  const int rank = source.inputs[0]->shape.rank();
  const Shape& operand = source.inputs[1]->shape;
  if (operand.element_count() == 1) return expansion;
  AxesAttributes added;
  for (int64_t axis = operand.rank(); given < rank && axis < rank - given; ++axis) {
    added.axes.push_back(axis);
  }
  if (added.axes.empty()) return expansion;
  MadeNode node = std::move(expansion.nodes[0]);
  expansion.nodes.clear();
  node.inputs[1] = expansion.add({Op::kUnsqueeze, {node.inputs[1]}, std::move(added)});
  expansion.add(std::move(node));
  expansion.outputs = {1};
  return expansion;
}

// A function of two values, of any number of them: one after the other.
Result<Expansion> read_chain(const NodeSource& source) {
  const Op op = source.node.op.value_or(Op::kAdd);
  if (source.node.inputs.empty()) return source.refuse(ErrorCode::kInvalidModel, "it has no input");
  Expansion expansion;
  Operand at = Operand::input(0);
  for (size_t i = 1; i < source.node.inputs.size(); ++i) {
    at = expansion.add({op, {at, Operand::input(i)}});
  }
  if (expansion.nodes.empty()) expansion.add(MadeNode{Op::kIdentity, {at}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

Result<Expansion> read_gemm(const NodeSource& source) {
  GemmAttributes gemm;
  gemm.alpha = source.attributes.real("alpha", 1.0f);
  gemm.beta = source.attributes.real("beta", 1.0f);
  gemm.transpose_a = source.attributes.flag("transA", false);
  gemm.transpose_b = source.attributes.flag("transB", false);
  if (source.opset < 7) source.attributes.integer("broadcast", 0);
  const auto is_real = [](const Value* value) { return value && !value->quant; };
  const Value* const b = source.inputs.size() > 1 ? source.inputs[1] : nullptr;
  const Value* const c = source.inputs.size() > 2 ? source.inputs[2] : nullptr;
  const bool is_row = c && (c->shape.rank() < 2 || c->shape[0] == 1) && c->shape != Shape{};
  const bool has_computed_b = is_real(b) && !b->constant;
  const bool has_computed_c = is_real(c) && !(c->constant && is_row);
  if (b && (has_computed_b || has_computed_c)) return gemm_in_steps(source, gemm);
  return same_node(source, gemm);
}

Result<ClipAttributes> read_bounds(const NodeSource& source) {
  if (source.node.op == Op::kRelu) return ClipAttributes{.min = 0.0f};
  ClipAttributes clip;
  if (source.opset < 11) {
    clip.min = source.attributes.real("min", clip.min);
    clip.max = source.attributes.real("max", clip.max);
    if (source.node.inputs.size() > 1) {
      source.attributes.fail(ErrorCode::kInvalidModel, "Clip of opset < 11 has one input");
    }
  } else {
    LOWBIT_ASSIGN(const auto min, source.scalar(1, "min"));
    LOWBIT_ASSIGN(const auto max, source.scalar(2, "max"));
    clip.min = min.value_or(clip.min);
    clip.max = max.value_or(clip.max);
  }
  if (std::isnan(clip.min) || std::isnan(clip.max)) {
    source.attributes.fail(ErrorCode::kInvalidModel, "a bound is not a number");
  }
  return clip;
}

Result<Expansion> read_clip(const NodeSource& source) {
  const Value* const input = source.inputs.empty() ? nullptr : source.inputs[0];
  if (input && !input->quant && input->dtype != DType::kF32) return clip_integers(source);
  LOWBIT_ASSIGN(const ClipAttributes clip, read_bounds(source));
  return same_node(source, clip);
}

Result<Expansion> read_batch_normalization(const NodeSource& source) {
  BatchNormalizationAttributes norm;
  norm.epsilon = source.attributes.real("epsilon", norm.epsilon);
  norm.momentum = source.attributes.real("momentum", norm.momentum);
  if (source.opset < 7) source.attributes.integer("is_test", 1);
  if (source.opset < 9 && source.attributes.integer("spatial", 1) != 1) {
    source.attributes.fail(ErrorCode::kUnsupportedFeature,
                           "statistics per element (spatial = 0) are not supported");
  }
  if (source.opset >= 14 && source.attributes.integer("training_mode", 0) != 0) {
    source.attributes.fail(ErrorCode::kUnsupportedFeature,
                           "training_mode = 1 is not supported; export the model for inference");
  }
  return same_node(source, norm);
}

// The exponent may have another type than the base, which is that of the result.
Result<Expansion> read_pow(const NodeSource& source) {
  if (source.opset < 7) return read_binary(source);
  const bool are_given = source.inputs.size() == 2 && source.inputs[0] && source.inputs[1];
  if (!are_given || source.inputs[0]->dtype == source.inputs[1]->dtype) return same_node(source);
  const DType base = source.inputs[0]->dtype;
  Expansion expansion;
  // Integers to powers of reals are reals, before they are integers again.
  const bool as_reals = source.inputs[1]->dtype == DType::kF32;
  const DType type = as_reals ? DType::kF32 : base;
  std::vector<Operand> operands;
  for (size_t i = 0; i < 2; ++i) {
    const Operand input = Operand::input(i);
    operands.push_back(source.inputs[i]->dtype == type
                           ? input
                           : expansion.add({Op::kCast, {input}, CastAttributes{.to = type}}));
  }
  Operand power = expansion.add({Op::kPow, operands});
  if (as_reals) expansion.add(MadeNode{Op::kCast, {power}, CastAttributes{.to = base}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

Result<Expansion> read_cast(const NodeSource& source) {
  const OnnxType to{source.attributes.integer("to", 0)};
  source.attributes.integer("saturate", 1);  // of float8 only
  const std::optional<DType> dtype = dtype_of_onnx(to);
  if (!dtype) {
    return source.refuse(ErrorCode::kUnsupportedFeature,
                         format_text("a Cast to {} is not supported", onnx_type_name(to)));
  }
  return same_node(source, CastAttributes{.to = *dtype, .to_half = to == OnnxType::kFloat16});
}

Result<Expansion> read_unary(const NodeSource& source) {
  const UnaryInfo& info = unary_info(*unary_function(*source.node.op));
  if (source.opset < info.opset) {
    return source.refuse(
        ErrorCode::kInvalidModel,
        format_text("it needs opset {}; the model has {}", info.opset, source.opset));
  }
  const Value* const input = source.inputs.empty() ? nullptr : source.inputs[0];
  if (input && !input->quant && input->dtype != DType::kF32) {
    return read_integer_unary(source, input->dtype);
  }
  UnaryAttributes unary{.parameters = {info.alpha, info.beta}};
  if (!info.alpha_name.empty()) {
    unary.parameters.alpha = source.attributes.real(info.alpha_name, info.alpha);
  }
  if (!info.beta_name.empty()) {
    unary.parameters.beta = source.attributes.real(info.beta_name, info.beta);
  }
  if (source.node.op == Op::kGelu) {
    const std::string_view approximate = source.attributes.text("approximate", "none");
    unary.approximate = approximate == "tanh";
    if (!unary.approximate && approximate != "none") {
      source.attributes.fail(ErrorCode::kInvalidModel,
                             format_text("'{}' is not a value of approximate", approximate));
    }
  }
  return same_node(source, unary);
}

}  // namespace lowbit

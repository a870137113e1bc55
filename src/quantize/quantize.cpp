#include "quantize/quantize.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "graph/product_weights.h"
#include "graph/rewrites.h"
#include "graph/validate.h"
#include "qmath/quantize.h"
#include "quantize/finite.h"
#include "quantize/weights.h"

namespace lowbit {

namespace {

// Operators whose output elements are elements of the input (or the zero and the bounds of it).
bool shares_params_with_input(Op op) {
  switch (op) {
    case Op::kMaxPool:
    case Op::kFlatten:
    case Op::kReshape:
    case Op::kRelu:
    case Op::kClip:
      return true;
    default:
      return false;
  }
}

class Quantizer {
 public:
  Quantizer(Graph graph, const Calibration& calibration, const Recipe& recipe)
      : source_(std::move(graph)), calibration_(calibration), recipe_(recipe) {
    // Not those of constants: their integers take them over.
    for (const Value& value : source_.values) {
      if (!value.constant) names_.insert(value.name);
    }
    for (const Node& node : source_.nodes) names_.insert(node.name);
  }

  Result<Graph> run() {
    target_ = source_;
    target_.nodes.clear();
    integer_of_.assign(source_.values.size(), kNoValue);
    for (const ValueId input : source_.inputs) LOWBIT_TRY(quantize_input(input));
    for (const Node& node : source_.nodes) LOWBIT_TRY(quantize_node(node));
    for (ValueId& output : target_.outputs) dequantize_output(output);
    return remove_unused(target_);
  }

 private:
  std::string unique_name(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; !names_.insert(name).second; ++i) name = format_text("{}_{}", wanted, i);
    return name;
  }

  QuantParams activation_params(Range range) const {
    const int32_t qmax = activation_qmax(recipe_.activations.bits);
    const auto [scale, zero_point] = asymmetric_params(range.min, range.max, 0, qmax);
    return {DType::kU8, 0, qmax, -1, {scale}, {zero_point}};
  }

  Result<QuantParams> calibrated_params(const std::string& value) const {
    const auto found = calibration_.by_value.find(value);
    if (found == calibration_.by_value.end()) {
      return make_error(
          ErrorCode::kInvalidArgument,
          format_text(
              "the calibration has nothing about '{}'; calibrate the same model that you quantize",
              value),
          value);
    }
    return activation_params(
        choose_range(found->second, Observer::kMinMax, recipe_.activations.bits));
  }

  Status quantize_input(ValueId id) {
    const Value& input = source_.value(id);
    if (input.dtype != DType::kF32) return success();
    LOWBIT_ASSIGN(QuantParams params, calibrated_params(input.name));
    const ValueId integers =
        target_.add_value({unique_name(format_text("{}/quantized", input.name)),
                           DType::kU8,
                           input.shape,
                           {},
                           std::move(params)});
    integer_of_[static_cast<size_t>(id)] = integers;
    target_.nodes.push_back({Op::kQuantizeLinear,
                             unique_name(format_text("{}/quantize", input.name)),
                             {id},
                             integers,
                             {},
                             {}});
    return success();
  }

  // Every output stays an integer under its own name; graph outputs get their float value back at
  // the end.
  Status quantize_node(const Node& node) {
    if (!op_info(node.op).has_integer) {
      return make_error(ErrorCode::kUnsupportedOperator,
                        format_text("{} has no integer form here", op_info(node.op).name),
                        node.name);
    }
    Node integer_node = node;
    LOWBIT_TRY(quantize_activations(integer_node));
    LOWBIT_ASSIGN(QuantParams params, output_params(integer_node));
    const bool has_weights = node.op == Op::kConv || node.op == Op::kGemm || node.op == Op::kMatMul;
    if (has_weights) LOWBIT_TRY(quantize_node_weights(integer_node));
    Value& output = target_.value(node.output);
    output.dtype = DType::kU8;
    output.quant = std::move(params);
    integer_of_[static_cast<size_t>(node.output)] = node.output;
    target_.nodes.push_back(std::move(integer_node));
    return success();
  }

  // Replaces the node's real activations by their integers; a constant activation (of Add or
  // Concat) is quantized here.
  Status quantize_activations(Node& node) {
    const bool all_are_activations = node.op == Op::kAdd || node.op == Op::kConcat;
    const size_t count = all_are_activations ? node.inputs.size() : 1;
    for (size_t i = 0; i < count; ++i) {
      ValueId& id = node.inputs[i];
      if (id != kNoValue && source_.value(id).constant) {
        LOWBIT_ASSIGN(id, quantize_constant_activation(id));
        continue;
      }
      const ValueId integers = id == kNoValue ? kNoValue : integer_of_[static_cast<size_t>(id)];
      if (integers == kNoValue) {
        return make_error(ErrorCode::kUnsupportedFeature, "an input of the node is not float32",
                          node.name);
      }
      id = integers;
    }
    return success();
  }

  Result<ValueId> quantize_constant_activation(ValueId id) {
    const Value real = source_.value(id);
    if (real.dtype != DType::kF32) {
      return make_error(ErrorCode::kUnsupportedFeature,
                        format_text("constant '{}' is not float32", real.name), real.name);
    }
    const auto data = real.constant->data<float>();
    Range range;
    for (const float x : data) range = {std::min(range.min, x), std::max(range.max, x)};
    const QuantParams params = activation_params(range);
    LOWBIT_ASSIGN(Tensor integers, Tensor::allocate(DType::kU8, real.shape));
    for (size_t i = 0; i < data.size(); ++i) {
      integers.mutable_data<uint8_t>()[i] = static_cast<uint8_t>(quantize_value(data[i], params));
    }
    return add_constant(id, {std::move(integers), params});
  }

  static int32_t quantize_value(float x, const QuantParams& p) {
    return lowbit::quantize(x, p.scale[0], p.zero_point[0], p.qmin, p.qmax);
  }

  Result<QuantParams> output_params(const Node& node) const {
    if (shares_params_with_input(node.op)) return *target_.value(node.inputs[0]).quant;
    if (node.op == Op::kSoftmax) {
      // Probabilities; 1/256 and not 1/255, because ONNX Runtime's QLinearSoftmax multiplies by
      // floor(1 / scale).
      const int32_t qmax = activation_qmax(recipe_.activations.bits);
      return QuantParams{DType::kU8, 0, qmax, -1, {1.0f / static_cast<float>(qmax + 1)}, {0}};
    }
    return calibrated_params(source_.value(node.output).name);
  }

  Status quantize_node_weights(Node& node) {
    LOWBIT_TRY(normalize_gemm(node));
    const Value& weights = target_.value(node.inputs[1]);
    if (!weights.constant || weights.dtype != DType::kF32) {
      return make_error(ErrorCode::kUnsupportedFeature,
                        format_text("the weight of an integer {} must be a float32 constant",
                                    op_info(node.op).name),
                        node.name);
    }
    if (node.op == Op::kMatMul && weights.shape.rank() != 2) {
      return make_error(ErrorCode::kUnsupportedFeature,
                        "the weight of an integer MatMul must have rank 2", node.name);
    }
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
    const Tensor* bias = has_bias ? &*target_.value(node.inputs[2]).constant : nullptr;
    const float input_scale = target_.value(node.inputs[0]).quant->scale[0];
    const WeightRecipe& recipe = recipe_.weights;
    const WeightFormat format{.bits = recipe.bits,
                              .granularity = recipe.granularity,
                              .group_size = group_size(recipe.granularity)};
    LOWBIT_ASSIGN(QuantizedWeights q,
                  quantize_weights(node, *weights.constant, bias, input_scale, format));
    node.inputs[1] = add_constant(node.inputs[1], std::move(q.weights));
    if (q.bias) node.inputs[2] = add_constant(node.inputs[2], std::move(*q.bias));
    return success();
  }

  ValueId add_constant(ValueId real_id, QuantizedTensor integers) {
    Value value;
    value.name = unique_name(target_.value(real_id).name);
    value.dtype = integers.values.dtype();
    value.shape = integers.values.shape();
    value.constant = std::move(integers.values);
    value.quant = std::move(integers.params);
    return target_.add_value(std::move(value));
  }

  // optimize() left alpha and beta at 1; a bias of one row, [1, N] or [1], becomes [N].
  Status normalize_gemm(Node& node) {
    const auto* gemm = std::get_if<GemmAttributes>(&node.attributes);
    if (!gemm) return success();
    if (gemm->transpose_a) {
      return make_error(ErrorCode::kUnsupportedFeature, "an integer Gemm cannot transpose A",
                        node.name);
    }
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
    if (!has_bias) return success();
    const Shape& weight = target_.value(node.inputs[1]).shape;
    return flatten_bias(node, weight[output_channel_axis(node, weight)]);
  }

  Status flatten_bias(Node& node, int64_t columns) {
    Value bias = target_.value(node.inputs[2]);
    const Shape flat{columns};
    if (bias.shape == flat) return success();
    const int64_t count = bias.constant->element_count();
    if (count != columns && count != 1) {
      return make_error(ErrorCode::kUnsupportedFeature,
                        "the bias of an integer Gemm must be one row", node.name);
    }
    LOWBIT_ASSIGN(Tensor row, Tensor::allocate(DType::kF32, flat));
    const auto source = bias.constant->data<float>();
    const auto target = row.mutable_data<float>();
    for (size_t i = 0; i < target.size(); ++i) target[i] = source[count == 1 ? 0 : i];
    bias.shape = flat;
    bias.constant = std::move(row);
    node.inputs[2] = target_.add_value(std::move(bias));
    return success();
  }

  // The integers of a graph output give up its name to the real value behind them.
  void dequantize_output(ValueId& output) {
    const ValueId integers = output;
    const std::string name = source_.value(output).name;
    Value& integer_value = target_.value(integers);
    integer_value.name = unique_name(format_text("{}/quantized", name));
    output = target_.add_value({name, DType::kF32, Shape(integer_value.shape), {}, {}});
    target_.nodes.push_back({Op::kDequantizeLinear,
                             unique_name(format_text("{}/dequantize", name)),
                             {integers},
                             output,
                             {},
                             {}});
  }

  const Graph source_;
  const Calibration& calibration_;
  const Recipe& recipe_;
  Graph target_;
  std::vector<ValueId> integer_of_;  // by source value: its integers in target_, or kNoValue
  std::set<std::string> names_;
};

}  // namespace

Result<Graph> quantize(const Graph& graph, const Calibration& calibration, const Recipe& recipe) {
  LOWBIT_TRY(validate_recipe(recipe));
  if (graph.is_quantized()) {
    return make_error(ErrorCode::kInvalidArgument,
                      "the model is quantized already; give the FP32 model", "model");
  }
  LOWBIT_ASSIGN(const Graph optimized, optimize(graph));
  LOWBIT_TRY(validate(optimized));
  LOWBIT_TRY(check_finite_constants(optimized));
  LOWBIT_ASSIGN(const Graph replaced, replace_batch_normalization(optimized));
  return Quantizer(fuse_activations(replaced), calibration, recipe).run();
}

}  // namespace lowbit

#include "quantize/quantize.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "graph/finite.h"
#include "graph/product_weights.h"
#include "graph/rewrites.h"
#include "graph/type_rules.h"
#include "graph/validate.h"
#include "quantize/activations.h"
#include "quantize/check_recipe.h"
#include "quantize/layer_forms.h"
#include "quantize/weights.h"

namespace lowbit {

namespace {

// What stands for a value of the source in the target; kNoValue: not (yet) made.
struct Forms {
  ValueId real = kNoValue;
  ValueId integers = kNoValue;
};

class Quantizer {
 public:
  Quantizer(Graph graph, const Calibration& calibration, const Recipe& recipe)
      : source_(std::move(graph)),
        calibration_(calibration),
        recipe_(recipe),
        layer_forms_(layer_forms(source_, recipe)),
        values_(source_.values.size()),
        activations_(source_.values.size(), &recipe.activations) {
    reserve_names();
    for (const Node& node : source_.nodes) {
      activations_[static_cast<size_t>(node.output)] = &recipe.activations_of(node.name);
    }
    for (size_t i = 0; i < values_.size(); ++i) values_[i].real = static_cast<ValueId>(i);
  }

  Task<Graph> run() {
    target_ = source_;
    target_.nodes.clear();
    const auto count = static_cast<double>(source_.nodes.size());
    for (size_t i = 0; i < source_.nodes.size(); ++i) {
      co_yield Progress{"quantize", static_cast<double>(i) / count};
      const Node& node = source_.nodes[i];
      if (layer_forms_[i] != LayerForm::kFloat && is_product(node.op)) {
        auto choosing = choose_weight_params(node, weights_of(node), format_of(node));
        while (!choosing.step()) {
          const double done = static_cast<double>(i) + choosing.progress().fraction;
          co_yield Progress{"quantize", done / count};
        }
        LOWBIT_CO_ASSIGN(weight_params_, std::move(choosing).result());
      }
      LOWBIT_CO_TRY(quantize_node(node, layer_forms_[i]));
    }
    for (ValueId& output : target_.outputs) output = real_output(output);
    co_return remove_unused(target_);
  }

 private:
  // Those of constants are free for their integers, unless a node still reads the reals.
  void reserve_names() {
    for (const Value& value : source_.values) {
      if (!value.constant) names_.insert(value.name);
    }
    for (size_t i = 0; i < source_.nodes.size(); ++i) {
      const Node& node = source_.nodes[i];
      names_.insert(node.name);
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        const bool is_replaced = layer_forms_[i] == LayerForm::kIntegers
                                     ? !is_placement(node.op, k)
                                     : k == 1 && layer_forms_[i] == LayerForm::kWeightsOnly;
        if (node.inputs[k] != kNoValue && !is_replaced) {
          names_.insert(source_.value(node.inputs[k]).name);
        }
      }
    }
  }

  std::string unique_name(const std::string& wanted) {
    std::string name = wanted;
    // Goes on where it ended the last time, as many nodes may share a constant.
    for (int& taken = taken_[wanted]; !names_.insert(name).second; ++taken) {
      name = format_text("{}_{}", wanted, taken + 2);
    }
    return name;
  }

  Forms& forms_of(ValueId id) { return values_[static_cast<size_t>(id)]; }

  Result<QuantParams> calibrated_params(ValueId id) const {
    const std::string& name = source_.value(id).name;
    const auto found = calibration_.by_value.find(name);
    if (found == calibration_.by_value.end()) {
      return make_error(
          ErrorCode::kInvalidArgument,
          format_text(
              "the calibration has not seen '{}'; calibrate the same model that you quantize",
              name),
          name);
    }
    ActivationRecipe recipe = *activations_[static_cast<size_t>(id)];
    if (recipe.bits == kFloatBits) recipe.bits = 8;
    const Range range = choose_range(found->second, recipe.observer, recipe.bits, recipe.symmetric,
                                     recipe.percentile);
    return activation_params(range, recipe);
  }

  // Appends a node with one input, and its output.
  ValueId convert(Op op, ValueId input, const std::string& node_name, Value output) {
    const ValueId id = target_.add_value(std::move(output));
    target_.nodes.push_back({op, unique_name(node_name), {input}, id, {}, {}});
    return id;
  }

  Result<ValueId> integers_of(ValueId id) {
    Forms& forms = forms_of(id);
    if (forms.integers != kNoValue) return forms.integers;
    const Value& real = source_.value(id);
    LOWBIT_ASSIGN(QuantParams params, calibrated_params(id));
    forms.integers = convert(Op::kQuantizeLinear, forms.real, format_text("{}/quantize", real.name),
                             {.name = unique_name(format_text("{}/quantized", real.name)),
                              .dtype = DType::kU8,
                              .shape = real.shape,
                              .quant = std::move(params)});
    return forms.integers;
  }

  ValueId reals_of(ValueId id) {
    Forms& forms = forms_of(id);
    if (forms.real != kNoValue) return forms.real;
    const Value& value = source_.value(id);
    forms.real = convert(
        Op::kDequantizeLinear, forms.integers, format_text("{}/dequantize", value.name),
        {.name = unique_name(format_text("{}/dequantized", value.name)), .shape = value.shape});
    return forms.real;
  }

  Status quantize_node(Node node, LayerForm form) {
    if (form == LayerForm::kIntegers) {
      LOWBIT_TRY(make_integer(node));
    } else {
      for (ValueId& input : node.inputs) {
        if (input != kNoValue) input = reals_of(input);
      }
      if (form == LayerForm::kWeightsOnly) LOWBIT_TRY(quantize_weights_only(node));
    }
    target_.nodes.push_back(std::move(node));
    return success();
  }

  Status make_integer(Node& node) {
    LOWBIT_TRY(quantize_activations(node));
    LOWBIT_ASSIGN(QuantParams params, output_params(node));
    if (is_product(node.op)) LOWBIT_TRY(quantize_weights_and_bias(node));
    if (const auto narrow = narrowed(params, node.activation.min, node.activation.max)) {
      params = *narrow;
      node.activation = {};
    }
    Value& output = target_.value(node.output);
    output.dtype = DType::kU8;
    output.quant = std::move(params);
    forms_of(node.output) = {.integers = node.output};
    return success();
  }

  // Replaces the node's real activations by their integers; a constant activation (of Add or
  // Concat) is quantized here.
  Status quantize_activations(Node& node) {
    const size_t count = is_product(node.op) ? 1 : node.inputs.size();
    for (size_t i = 0; i < count; ++i) {
      ValueId& id = node.inputs[i];
      if (is_placement(node.op, i)) {
        id = placement_of(node.op, id);
        continue;
      }
      if (source_.value(id).constant) {
        LOWBIT_ASSIGN(id, quantize_constant_activation(id, recipe_.activations_of(node.name)));
      } else {
        LOWBIT_ASSIGN(id, integers_of(id));
      }
    }
    return success();
  }

  // Indices are never quantized; of what an Expand is like only the shape counts.
  ValueId placement_of(Op op, ValueId id) {
    const bool is_shape = op == Op::kExpand && forms_of(id).integers != kNoValue;
    return is_shape ? forms_of(id).integers : reals_of(id);
  }

  Result<ValueId> quantize_constant_activation(ValueId id, const ActivationRecipe& recipe) {
    const Value& real = source_.value(id);
    if (real.dtype != DType::kF32) {
      return make_error(ErrorCode::kUnsupportedFeature,
                        format_text("constant '{}' is not float32", real.name), real.name);
    }
    Range range;
    for (const float x : real.constant->data<float>()) {
      range = {std::min(range.min, x), std::max(range.max, x)};
    }
    QuantParams params = activation_params(range, recipe);
    LOWBIT_ASSIGN(Tensor integers, quantize_activation(*real.constant, params));
    return add_constant(id, {std::move(integers), std::move(params)});
  }

  Result<QuantParams> output_params(const Node& node) const {
    if (shares_params_with_input(node)) return *target_.value(node.inputs[0]).quant;
    if (node.op == Op::kSoftmax) return softmax_params(recipe_.activations_of(node.name));
    return calibrated_params(node.output);
  }

  Status quantize_weights_and_bias(Node& node) {
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
    std::optional<Tensor> bias;
    if (has_bias) {
      const Shape& weight = source_.value(node.inputs[1]).shape;
      LOWBIT_ASSIGN(bias, bias_row(*source_.value(node.inputs[2]).constant,
                                   weight[output_channel_axis(node, weight)]));
    }
    const float input_scale = target_.value(node.inputs[0]).quant->scale[0];
    LOWBIT_ASSIGN(QuantizedWeights q,
                  quantize_weights(node, weights_of(node), std::move(weight_params_),
                                   bias ? &*bias : nullptr, input_scale));
    node.inputs[1] = add_constant(node.inputs[1], std::move(q.weights));
    if (q.bias) node.inputs[2] = add_constant(node.inputs[2], std::move(*q.bias));
    return success();
  }

  // The bias stays float32, added to sums of float32.
  Status quantize_weights_only(Node& node) {
    LOWBIT_ASSIGN(QuantizedWeights q, quantize_weights(node, weights_of(node),
                                                       std::move(weight_params_), nullptr, 1.0f));
    node.inputs[1] = add_constant(node.inputs[1], std::move(q.weights));
    return success();
  }

  const Tensor& weights_of(const Node& node) const {
    return *source_.value(node.inputs[1]).constant;
  }

  WeightFormat format_of(const Node& node) const {
    const WeightRecipe& recipe = recipe_.weights_of(node.name);
    return {.bits = recipe.bits,
            .granularity = recipe.granularity,
            .group_size = group_size(recipe.granularity),
            .clipping = recipe.clipping};
  }

  // optimize() left a Gemm's beta at 1; its bias may be [1, N], or one number for all columns.
  static Result<Tensor> bias_row(const Tensor& bias, int64_t columns) {
    const Shape flat{columns};
    if (bias.shape() == flat) return bias;
    LOWBIT_ASSIGN(Tensor row, Tensor::allocate(DType::kF32, flat));
    const auto source = bias.data<float>();
    const auto target = row.mutable_data<float>();
    for (size_t i = 0; i < target.size(); ++i) target[i] = source[source.size() == 1 ? 0 : i];
    return row;
  }

  ValueId add_constant(ValueId real, QuantizedTensor integers) {
    Value value;
    value.name = unique_name(source_.value(real).name);
    value.dtype = integers.values.dtype();
    value.shape = integers.values.shape();
    value.constant = std::move(integers.values);
    value.quant = std::move(integers.params);
    return target_.add_value(std::move(value));
  }

  // The integers of a graph output give up its name to the real value behind them.
  ValueId real_output(ValueId id) {
    const ValueId integers = forms_of(id).integers;
    const ValueId real = reals_of(id);
    if (integers != id) return real;
    const std::string name = source_.value(id).name;
    target_.value(integers).name = unique_name(format_text("{}/quantized", name));
    target_.value(real).name = name;
    return real;
  }

  const Graph source_;
  const Calibration& calibration_;
  const Recipe& recipe_;
  const std::vector<LayerForm> layer_forms_;          // by node
  std::vector<Forms> values_;                         // by value of the source
  std::vector<const ActivationRecipe*> activations_;  // likewise: that of the node that makes it
  QuantParams weight_params_;                         // of the node at hand, if it is a product
  Graph target_;
  std::set<std::string> names_;
  std::map<std::string, int> taken_;  // how many numbers behind a name are taken
};

}  // namespace

Result<Graph> prepare(const Graph& graph) {
  if (std::ranges::any_of(graph.values, [](const Value& v) { return v.quant.has_value(); })) {
    return make_error(ErrorCode::kInvalidArgument,
                      "the model is quantized already; give the FP32 model", "model");
  }
  LOWBIT_ASSIGN(const Graph optimized, optimize(graph));
  LOWBIT_TRY(validate(optimized));
  LOWBIT_TRY(check_finite_constants(optimized));
  LOWBIT_ASSIGN(const Graph replaced, replace_batch_normalization(optimized));
  return fuse_activations(replaced);
}

Task<Graph> quantize_by_node(const Graph& graph, const Calibration& calibration,
                             const Recipe& recipe) {
  LOWBIT_CO_ASSIGN(Graph prepared, prepare(graph));
  LOWBIT_CO_TRY(check_recipe(prepared, recipe));
  Quantizer quantizer(std::move(prepared), calibration, recipe);
  LOWBIT_CO_FINISH(Graph quantized, quantizer.run());
  co_return quantized;
}

Result<Graph> quantize(const Graph& graph, const Calibration& calibration, const Recipe& recipe) {
  return finish(quantize_by_node(graph, calibration, recipe));
}

}  // namespace lowbit

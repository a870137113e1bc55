#include "formats/onnx_qlinear.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "graph/type_rules.h"

namespace lowbit {

namespace {

constexpr QLinearForm kForms[] = {
    {Op::kConv, "QLinearConv", "", 0, 2, 6, 8},
    {Op::kMatMul, "QLinearMatMul", "", 0, 2, 6, 0},
    {Op::kGemm, "QGemm", kMicrosoftDomain, 0, 2, 7, 6},
    {Op::kAdd, "QLinearAdd", kMicrosoftDomain, 0, 2, 6, 0},
    {Op::kConcat, "QLinearConcat", kMicrosoftDomain, 2, 0, 0, 0},
    {Op::kAveragePool, "QLinearAveragePool", kMicrosoftDomain, 0, 1, 3, 0},
    {Op::kGlobalAveragePool, "QLinearGlobalAveragePool", kMicrosoftDomain, 0, 1, 3, 0},
    {Op::kSoftmax, "QLinearSoftmax", kMicrosoftDomain, 0, 1, 3, 0},
    {Op::kSigmoid, "QLinearSigmoid", kMicrosoftDomain, 0, 1, 3, 0},
    {Op::kLeakyRelu, "QLinearLeakyRelu", kMicrosoftDomain, 0, 1, 3, 0},
};

const QLinearForm* form_of(const OnnxNode& node) {
  const auto found = std::ranges::find_if(kForms, [&](const QLinearForm& form) {
    return form.name == node.op_type && form.domain == node.domain;
  });
  return found == std::end(kForms) ? nullptr : &*found;
}

std::optional<Op> mover(const OnnxNode& node) {
  const std::optional<Op> op = node.domain.empty() ? op_from_name(node.op_type) : std::nullopt;
  return op && only_moves_values(*op) ? op : std::nullopt;
}

// The attribute axis = 0 as bytes of a file: name, integer, type.
constexpr std::byte kAxis0[] = {std::byte{0x0a}, std::byte{4},   std::byte{'a'},  std::byte{'x'},
                                std::byte{'i'},  std::byte{'s'}, std::byte{0x18}, std::byte{0},
                                std::byte{0xa0}, std::byte{1},   std::byte{2}};

// Names of the scale and the zero point of integers; the latter may be empty.
struct Parameters {
  std::string_view scale;
  std::string_view zero_point;
};

class Expansion {
 public:
  explicit Expansion(OnnxModel& model) : model_(model) {}

  Status run() && {
    std::vector<OnnxNode> source = std::move(model_.graph.nodes);
    model_.graph.nodes.clear();
    for (OnnxNode& node : source) {
      if (const QLinearForm* form = form_of(node)) {
        LOWBIT_TRY(expand(*form, node));
      } else if (mover(node) && integers_.contains(input(node, 0)) && !node.outputs.empty()) {
        const Parameters parameters = integers_.find(input(node, 0))->second;
        begin(node);
        node.inputs[0] = dequantized(input(node, 0), parameters, false);
        finish(node, parameters);
      } else {
        if (node.op_type == "QuantizeLinear" && !node.outputs.empty()) {
          integers_[node.outputs[0]] = {input(node, 1), input(node, 2)};
        }
        model_.graph.nodes.push_back(std::move(node));
      }
    }
    return success();
  }

 private:
  static std::string_view input(const OnnxNode& node, size_t i) {
    return i < node.inputs.size() ? node.inputs[i] : std::string_view();
  }

  Status expand(const QLinearForm& form, OnnxNode& node) {
    const size_t operands_end =
        form.operand_count > 0 ? form.first + 3 * form.operand_count : node.inputs.size();
    if (node.outputs.size() != 1 || node.inputs.size() < form.result + 2 ||
        node.inputs.size() < operands_end || (operands_end - form.first) % 3 != 0) {
      return make_error(
          ErrorCode::kInvalidModel,
          format_text("node '{}' ({}): it has {} inputs and {} outputs, which are "
                      "not those of the operator",
                      node.name, node.op_type, node.inputs.size(), node.outputs.size()),
          std::string(node.name));
    }
    LOWBIT_ASSIGN(const bool is_transposed, read_attributes(form, node));
    begin(node);
    const bool has_weights = form.op == Op::kConv || form.op == Op::kGemm;
    std::vector<std::string_view> inputs;
    for (size_t i = form.first; i < operands_end; i += 3) {
      // Channels lie along axis 0 of these weights, along axis 1 of others.
      const bool is_first_axis = has_weights && i > form.first && is_transposed;
      inputs.push_back(
          dequantized(node.inputs[i], {node.inputs[i + 1], node.inputs[i + 2]}, is_first_axis));
    }
    if (form.bias > 0 && !input(node, form.bias).empty()) {
      // The scale of a bias is that of the products (law of arithmetic, 3).
      const std::string_view scale = made_name("scale");
      add("Mul", {node.inputs[1], node.inputs[4]}, scale);
      inputs.push_back(dequantized(node.inputs[form.bias], {scale, {}}, true));
    }
    const Parameters result{node.inputs[form.result], node.inputs[form.result + 1]};
    node.inputs = std::move(inputs);
    node.op_type = op_info(form.op).name;
    node.domain = {};
    finish(node, result);
    return success();
  }

  // Drops the attributes that say nothing, and tells whether output channels are the first axis of
  // the weights.
  Result<bool> read_attributes(const QLinearForm& form, OnnxNode& node) const {
    bool is_transposed = form.op == Op::kConv;
    std::vector<Slice> kept;
    for (const Slice slice : node.attributes) {
      LOWBIT_ASSIGN(const OnnxAttribute attribute, parse_onnx_attribute(slice));
      if (attribute.name == "transB") is_transposed = attribute.integer != 0;
      const bool is_default = attribute.name == "channels_last"
                                  ? attribute.integer == 0
                                  : attribute.name == "opset" &&
                                        (attribute.integer < 13) == (model_.opset.value_or(0) < 13);
      if (form.domain.empty() || !is_default) kept.push_back(slice);
    }
    node.attributes = std::move(kept);
    return is_transposed;
  }

  void begin(const OnnxNode& node) { output_ = node.outputs[0]; }

  // `node` made reals; they become the integers of its output.
  void finish(OnnxNode& node, const Parameters& parameters) {
    const std::string_view real = made_name("real");
    node.outputs[0] = real;
    model_.graph.nodes.push_back(std::move(node));
    add("QuantizeLinear", {real, parameters.scale, parameters.zero_point}, output_);
    integers_[output_] = parameters;
  }

  std::string_view dequantized(std::string_view integers, const Parameters& parameters,
                               bool is_first_axis) {
    const std::string_view real = made_name("operand");
    add("DequantizeLinear", {integers, parameters.scale, parameters.zero_point}, real);
    if (is_first_axis) model_.graph.nodes.back().attributes.push_back({kAxis0, 0});
    return real;
  }

  void add(std::string_view op, std::vector<std::string_view> inputs, std::string_view output) {
    OnnxNode& node = model_.graph.nodes.emplace_back();
    node.op_type = op;
    node.inputs = std::move(inputs);
    node.outputs = {output};
  }

  std::string_view made_name(std::string_view what) {
    return model_.made_names.emplace_back(
        format_text("{}/{}{}", output_, what, model_.made_names.size()));
  }

  OnnxModel& model_;
  std::string_view output_;                          // of the node at hand
  std::map<std::string_view, Parameters> integers_;  // tensors that nodes make
};

}  // namespace

const QLinearForm* qlinear_form(Op op) {
  const auto found = std::ranges::find(kForms, op, &QLinearForm::op);
  return found == std::end(kForms) ? nullptr : &*found;
}

Status expand_qlinear(OnnxModel& model) { return Expansion(model).run(); }

}  // namespace lowbit

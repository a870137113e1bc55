#include "formats/graph_builder.h"

#include <algorithm>

#include "base/text.h"
#include "graph/dtype_rules.h"
#include "graph/structure.h"
#include "graph/type_rules.h"

namespace lowbit {

namespace {

// A name that `taken` has not; it has it then.
std::string make_unique(std::set<std::string, std::less<>>& taken, std::string name) {
  const std::string wanted = name;
  for (int i = 2; !taken.insert(name).second; ++i) name = format_text("{}_{}", wanted, i);
  return name;
}

// The node that keeps the name of the file's: the one of its operator, else the one that makes its
// output.
size_t main_node(const Expansion& expansion, const IndexedNode& node) {
  const auto found = std::ranges::find_if(expansion.nodes,
                                          [&](const MadeNode& made) { return made.op == node.op; });
  if (found != expansion.nodes.end()) return static_cast<size_t>(found - expansion.nodes.begin());
  return expansion.outputs.front();
}

}  // namespace

void GraphBuilder::reserve_names() {
  if (!index_ || !value_names_.empty()) return;
  for (const IndexedTensor& tensor : index_->tensors) value_names_.emplace(tensor.name);
  for (const IndexedNode& node : index_->nodes) node_names_.insert(node.name);
}

std::string GraphBuilder::unique_name(std::string wanted) {
  reserve_names();
  return make_unique(value_names_, std::move(wanted));
}

std::string GraphBuilder::unique_node_name(std::string wanted) {
  reserve_names();
  return make_unique(node_names_, std::move(wanted));
}

Result<std::vector<ValueId>> GraphBuilder::add(const Expansion& expansion, const IndexedNode& node,
                                               std::span<const ValueId> inputs,
                                               std::span<const std::string> names,
                                               const Quantization& quantization) {
  const size_t main = main_node(expansion, node);
  std::vector<ValueId> constants;
  for (const Tensor& constant : expansion.constants) {
    constants.push_back(
        graph_.add_value({.name = unique_name(format_text("{}/constant", node.name)),
                          .dtype = constant.dtype(),
                          .shape = constant.shape(),
                          .constant = constant}));
  }
  std::vector<ValueId> made;
  for (size_t i = 0; i < expansion.nodes.size(); ++i) {
    const MadeNode& source = expansion.nodes[i];
    Node next{.op = source.op, .attributes = source.attributes, .activation = source.activation};
    for (const Operand operand : source.inputs) {
      switch (operand.kind) {
        case Operand::Kind::kNone:
          next.inputs.push_back(kNoValue);
          break;
        case Operand::Kind::kInput:
          next.inputs.push_back(inputs[operand.index]);
          break;
        case Operand::Kind::kMade:
          next.inputs.push_back(made[operand.index]);
          break;
        case Operand::Kind::kConstant:
          next.inputs.push_back(constants[operand.index]);
          break;
        case Operand::Kind::kValue:
          next.inputs.push_back(static_cast<ValueId>(operand.index));
          break;
      }
    }
    while (!next.inputs.empty() && next.inputs.back() == kNoValue) next.inputs.pop_back();
    next.name = node.name;
    if (i == main) {
      if (quantization.activation != ClipAttributes{}) next.activation = quantization.activation;
    } else {
      next.name = unique_node_name(format_text("{}/{}", node.name, op_info(source.op).name));
    }
    const auto output = std::ranges::find(expansion.outputs, i);
    const auto k = static_cast<size_t>(output - expansion.outputs.begin());
    std::string name = k < names.size() ? names[k] : std::string();
    if (name.empty()) name = unique_name(format_text("{}/{}", names.front(), i));
    LOWBIT_ASSIGN(made.emplace_back(),
                  add_node(std::move(next), std::move(name), quantization.quant));
  }
  std::vector<ValueId> outputs;
  for (const size_t k : expansion.outputs) {
    outputs.push_back(k == Expansion::kNotMade ? kNoValue : made[k]);
  }
  return outputs;
}

Result<ValueId> GraphBuilder::add_node(Node node, std::string output_name,
                                       std::optional<QuantParams> quant) {
  LOWBIT_TRY(check_node_form(node));
  const bool is_view = node.op == Op::kSqueeze || node.op == Op::kUnsqueeze;
  if (is_view && graph_.value(node.inputs[0]).constant) {
    return reshape_constant(node, std::move(output_name));
  }
  if (quant && only_moves_values(node.op)) quant = graph_.value(node.inputs[0]).quant;
  if (!rules_) rules_.emplace(graph_);
  Value output{.name = std::move(output_name)};
  LOWBIT_ASSIGN(output.shape, rules_->output_of(node));
  LOWBIT_ASSIGN(output.dtype, output_dtype(graph_, node));
  if (quant) output.dtype = quant->storage;
  output.quant = std::move(quant);
  node.output = graph_.add_value(std::move(output));
  shape_values_.follow(graph_, node);
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back().output;
}

// Weights stay constants, whatever they are called: a weight [M, C, k] as [M, C, 1, k].
Result<ValueId> GraphBuilder::reshape_constant(const Node& node, std::string output_name) {
  if (!rules_) rules_.emplace(graph_);
  LOWBIT_ASSIGN(const Shape shape, rules_->output_of(node));
  Value value = graph_.value(node.inputs[0]);
  value.name = std::move(output_name);
  value.shape = shape;
  LOWBIT_ASSIGN(value.constant, value.constant->reshaped(shape));
  return graph_.add_value(std::move(value));
}

}  // namespace lowbit

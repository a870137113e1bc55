// Reductions, ArgMax, TopK, GlobalMaxPool, Einsum.
#include <algorithm>

#include "base/heap_sort.h"
#include "base/text.h"
#include "formats/onnx_operators.h"
#include "formats/onnx_read.h"

namespace lowbit {

namespace {

// The axes are an attribute before `first_input_opset`, then an input. None: no axis is named, and
// that means none.
Result<std::optional<ReduceAttributes>> read_reduce_attributes(const NodeSource& source,
                                                               int64_t first_input_opset) {
  ReduceAttributes reduce;
  reduce.keep_dims = source.attributes.flag("keepdims", true);
  if (source.opset < first_input_opset) {
    reduce.axes = source.attributes.integers("axes");
    return std::optional(std::move(reduce));
  }
  const bool is_noop = source.attributes.flag("noop_with_empty_axes", false);
  if (source.has(1)) {
    LOWBIT_ASSIGN(reduce.axes, source.integers(1, "axes"));
  }
  if (reduce.axes.empty() && is_noop) return std::optional<ReduceAttributes>{};
  return std::optional(std::move(reduce));
}

// log(sum(exp(x))) by way of the maximum, so that nothing overflows.
void add_log_sum_exp(Expansion& expansion, Operand x, const ReduceAttributes& reduce) {
  ReduceAttributes kept = reduce;
  kept.keep_dims = true;
  const Operand greatest = expansion.add({Op::kReduceMax, {x}, kept});
  const Operand distance = expansion.add({Op::kSub, {x, greatest}});
  const Operand exponentials = expansion.add({Op::kExp, {distance}, UnaryAttributes{}});
  const Operand sum = expansion.add({Op::kReduceSum, {exponentials}, kept});
  const Operand logarithm = expansion.add({Op::kLog, {sum}, UnaryAttributes{}});
  const Operand result = expansion.add({Op::kAdd, {logarithm, greatest}});
  // Of dimensions of 1.
  if (!reduce.keep_dims) expansion.add({Op::kReduceMax, {result}, reduce});
}

}  // namespace

Result<Expansion> read_reduce(const NodeSource& source) {
  const std::string_view name = source.node.known->name;
  const auto is = [&](std::string_view other) { return name == other; };
  LOWBIT_ASSIGN(const auto reduce, read_reduce_attributes(source, is("ReduceSum") ? 13 : 18));
  Expansion expansion;
  Operand x = Operand::input(0);
  if (is("ReduceL1")) x = expansion.add({Op::kAbs, {x}, UnaryAttributes{}});
  if (is("ReduceL2") || is("ReduceSumSquare")) x = expansion.add({Op::kMul, {x, x}});
  if (!reduce) {
    x = expansion.add({Op::kIdentity, {x}});
  } else if (is("ReduceLogSumExp")) {
    add_log_sum_exp(expansion, x, *reduce);
  } else {
    x = expansion.add({source.node.op.value_or(Op::kReduceSum), {x}, *reduce});
  }
  if (is("ReduceL2")) expansion.add({Op::kSqrt, {x}, UnaryAttributes{}});
  if (is("ReduceLogSum")) expansion.add({Op::kLog, {x}, UnaryAttributes{}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

Result<Expansion> read_global_max_pool(const NodeSource& source) {
  if (source.inputs.empty() || !source.inputs[0]) {
    return source.refuse(ErrorCode::kInvalidModel, "it has no input");
  }
  ReduceAttributes reduce;
  for (int64_t axis = 2; axis < source.inputs[0]->shape.rank(); ++axis) reduce.axes.push_back(axis);
  if (reduce.axes.empty()) {
    return source.refuse(ErrorCode::kInvalidModel, "its input has no spatial dimensions");
  }
  Expansion expansion;
  expansion.add({Op::kReduceMax, {Operand::input(0)}, std::move(reduce)});
  return expansion;
}

Result<Expansion> read_arg(const NodeSource& source) {
  ArgAttributes arg;
  arg.axis = source.attributes.integer("axis", 0);
  arg.keep_dims = source.attributes.flag("keepdims", true);
  if (source.opset >= 12) arg.select_last = source.attributes.flag("select_last_index", false);
  return same_node(source, arg);
}

// k is an attribute before opset 10.
Result<Expansion> read_top_k(const NodeSource& source) {
  TopKAttributes top;
  top.axis = source.attributes.integer("axis", -1);
  if (source.opset < 10) {
    top.k = source.attributes.integer("k", 0);
  } else {
    if (!source.has(1)) return source.refuse(ErrorCode::kInvalidModel, "it has no input K");
    LOWBIT_ASSIGN(const std::vector<int64_t> k, source.integers(1, "K"));
    if (k.size() != 1) return source.refuse(ErrorCode::kInvalidModel, "its K is not one number");
    top.k = k[0];
  }
  if (source.opset >= 11) {
    top.largest = source.attributes.flag("largest", true);
    source.attributes.flag("sorted", true);  // sorted is one of the orders that may be had without
  }
  TopKAttributes indices = top;
  indices.gives_indices = true;
  // What is used has the node's name, so that it comes first.
  const bool are_values_used =
      source.parameters.constants().index().is_used(source.node.outputs.front());
  Expansion expansion;
  expansion.add({Op::kTopK, {Operand::input(0)}, are_values_used ? top : indices});
  expansion.add({Op::kTopK, {Operand::input(0)}, are_values_used ? indices : top});
  expansion.outputs = are_values_used ? std::vector<size_t>{0, 1} : std::vector<size_t>{1, 0};
  return expansion;
}

namespace {

constexpr std::string_view kEllipsis = "...";

size_t count_of_letters(std::string_view term) {
  return static_cast<size_t>(std::ranges::count_if(term, [](char c) { return c != '.'; }));
}

// The equation without blanks and ellipses, and with its output: letters only.
class EinsumEquation {
 public:
  explicit EinsumEquation(const NodeSource& source) : source_(source) {
    for (const char c : source.attributes.text("equation", "")) {
      if (c != ' ') text_ += c;
    }
  }

  std::string resolved() {
    const size_t arrow = text_.find("->");
    const bool has_output = arrow != std::string::npos;
    const std::string operands = text_.substr(0, arrow);
    std::string result;
    size_t operand = 0;
    for (size_t at = 0; at <= operands.size(); ++operand) {
      const size_t end = std::min(operands.find(',', at), operands.size());
      result += (operand == 0 ? "" : ",") + resolve_operand(operands.substr(at, end - at), operand);
      at = end + 1;
    }
    return result + "->" +
           (has_output ? resolve(text_.substr(arrow + 2), ellipsis_) : implied_output(operands));
  }

 private:
  static std::string resolve(const std::string& term, const std::string& letters) {
    const size_t at = term.find(kEllipsis);
    return at == std::string::npos ? term
                                   : std::string(term).replace(at, kEllipsis.size(), letters);
  }

  // The dimensions behind an ellipsis have letters that the equation has not, from the last one on.
  std::string resolve_operand(const std::string& term, size_t operand) {
    const Value* const value = operand < source_.inputs.size() ? source_.inputs[operand] : nullptr;
    const size_t rank = value ? static_cast<size_t>(value->shape.rank()) : 0;
    const size_t letters = count_of_letters(term);
    if (term.find(kEllipsis) == std::string::npos || rank <= letters) return resolve(term, "");
    for (char c = 'Z'; ellipsis_.size() < rank - letters && c >= 'A'; --c) {
      const bool is_new = (text_ + ellipsis_).find(c) == std::string::npos;
      if (is_new) ellipsis_.insert(ellipsis_.begin(), c);
    }
    // With no letters left, what remains is malformed.
    return resolve(term,
                   ellipsis_.substr(ellipsis_.size() - std::min(ellipsis_.size(), rank - letters)));
  }

  // The ellipsis, then the letters that are there once, in the order of the alphabet.
  std::string implied_output(const std::string& operands) const {
    std::string once;
    for (const char c : operands) {
      if (c != ',' && c != '.' && std::ranges::count(operands, c) == 1) once += c;
    }
    heap_sort(once);
    return ellipsis_ + once;
  }

  const NodeSource& source_;
  std::string text_;
  std::string ellipsis_;  // the letters of the longest
};

}  // namespace

Result<Expansion> read_einsum(const NodeSource& source) {
  constexpr size_t kMaxLength = 256;
  if (source.attributes.text("equation", "").size() > kMaxLength) {
    return source.refuse(ErrorCode::kLimitExceeded, "its equation is too long");
  }
  return same_node(source, EinsumAttributes{EinsumEquation(source).resolved()});
}

}  // namespace lowbit

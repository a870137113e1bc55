#include <algorithm>

#include "base/text.h"
#include "formats/onnx_read.h"

namespace lowbit {

namespace {

// LogSoftmax is d - log(sum(exp(d))) of d = x - max(x), which neither overflows nor rounds away
// what is small.
Operand add_softmax(Expansion& expansion, bool is_log, Operand x, int64_t axis) {
  if (!is_log) return expansion.add({Op::kSoftmax, {x}, AxisAttributes{axis}});
  const ReduceAttributes along{.axes = {axis}};
  const Operand greatest = expansion.add({Op::kReduceMax, {x}, along});
  const Operand distance = expansion.add({Op::kSub, {x, greatest}});
  const Operand exponentials = expansion.add({Op::kExp, {distance}, UnaryAttributes{}});
  const Operand sum = expansion.add({Op::kReduceSum, {exponentials}, along});
  const Operand logarithm = expansion.add({Op::kLog, {sum}, UnaryAttributes{}});
  return expansion.add({Op::kSub, {distance, logarithm}});
}

// The dimensions of a shape for a Reshape back to it; empty: more than one is a symbol.
std::vector<int64_t> target_of(const Shape& shape) {
  std::vector<int64_t> target;
  bool has_symbol = false;
  for (const int64_t dim : shape.dims()) {
    if (dim < 0 && has_symbol) return {};
    has_symbol = has_symbol || dim < 0;
    target.push_back(dim < 0 ? -1 : dim);
  }
  return target;
}

}  // namespace

// Softmax and LogSoftmax. Before opset 13 they work on the matrix that Flatten(axis) makes of their
// input; where all other dimensions from `axis` on are 1, one axis means the same.
Result<Expansion> read_softmax(const NodeSource& source) {
  const bool is_log = source.node.op != Op::kSoftmax;
  const int64_t axis = source.attributes.integer("axis", source.opset < 13 ? 1 : -1);
  Expansion expansion;
  const auto finish = [&] {
    expansion.outputs = {expansion.nodes.size() - 1};
    return std::move(expansion);
  };
  const Value* const x = source.inputs.empty() ? nullptr : source.inputs[0];
  if (!x) return source.refuse(ErrorCode::kInvalidModel, "it has no input");
  const Operand input = Operand::input(0);
  if (source.opset >= 13) {
    add_softmax(expansion, is_log, input, axis);
    return finish();
  }
  const Shape& shape = x->shape;
  const int64_t first = axis < 0 ? axis + shape.rank() : axis;
  std::vector<int64_t> wide;
  for (int64_t i = std::max<int64_t>(first, 0); i < shape.rank(); ++i) {
    if (shape[static_cast<int>(i)] != 1) wide.push_back(i);
  }
  if (wide.size() <= 1) {
    add_softmax(expansion, is_log, input, wide.empty() ? first : wide.front());
    return finish();
  }
  const std::vector<int64_t> target = target_of(shape);
  if (target.empty()) {
    return source.refuse(ErrorCode::kUnsupportedFeature,
                         "over several axes at once, as opset < 13 has it, more than one of whose "
                         "dimensions is symbolic");
  }
  const Operand matrix = expansion.add({Op::kFlatten, {input}, AxisAttributes{first}});
  const Operand result = add_softmax(expansion, is_log, matrix, 1);
  expansion.add({Op::kReshape, {result}, ReshapeAttributes{.shape = target}});
  return finish();
}

}  // namespace lowbit

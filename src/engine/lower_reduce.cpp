// Reductions (qmath/reduce.inc), ArgMax, ArgMin, TopK, Einsum: walks over the input that end in
// fewer numbers.
#include <algorithm>

#include "base/heap_sort.h"
#include "engine/broadcast.h"
#include "engine/steps.h"
#include "graph/einsum.h"
#include "kernels/reduce/reduce.h"
#include "kernels/topk/topk.h"

namespace lowbit::engine {

namespace {

// The input's shape with dimensions of 1 where it is reduced.
Shape kept_shape(const Shape& input, const std::vector<int64_t>& axes) {
  Shape kept = input;
  for (const int64_t axis : axes) kept[static_cast<int>(axis < 0 ? axis + input.rank() : axis)] = 1;
  for (int axis = 0; axes.empty() && axis < input.rank(); ++axis) kept[axis] = 1;
  return kept;
}

Status lower_reduce(Lowering& lowering, size_t index, BinaryFunction fold, bool is_mean) {
  const auto& attributes = std::get<ReduceAttributes>(lowering.node(index).attributes);
  const Value& from = lowering.input_value(index, 0);
  const Shape kept = kept_shape(from.shape, attributes.axes);
  // The engine's, wherever the input was made: the order in which floats are added depends on it.
  const Layout layout = activation_layout(from.shape);
  const Layout output_layout = attributes.keep_dims ? layout : Layout::kRowMajor;
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index, output_layout);
  const StridedView read = broadcast_view(from.shape, layout, from.shape);
  const StridedView written = broadcast_view(kept, output_layout, from.shape);
  const Broadcast all{.dims = read.dims,
                      .operands = {{input, read.strides}, {output, written.strides}}};
  std::vector<int> axes;
  for (int axis = 0; axis < read.dims.rank(); ++axis) {
    if (read.dims[axis] > 1) axes.push_back(axis);
  }
  // As the input lies in memory.
  heap_sort(axes, [&](int axis) { return -read.strides[static_cast<size_t>(axis)]; });
  const Broadcast walk = reordered(all, axes);
  const int64_t count = *lowering.output_value(index).shape.element_count();
  const kernels::Reduce call{.dims = walk.dims,
                             .input_strides = walk.operands[0].strides,
                             .output_strides = walk.operands[1].strides,
                             .output_count = count,
                             .fold = fold,
                             .divisor = is_mean ? *from.shape.element_count() / count : 1,
                             .type = from.dtype};
  lowering.emit(make_unary_step<std::byte, std::byte>(&kernels::reduce, call, input, output),
                {input, output});
  return success();
}

// The k first along the axis, into a place of the output's layout.
Status lower_top_k(Lowering& lowering, size_t index, int64_t axis, kernels::TopK call) {
  const Value& from = lowering.input_value(index, 0);
  // What lies with its channels innermost is walked so where the output has the same order: over
  // the channels.
  const int at = static_cast<int>(axis < 0 ? axis + from.shape.rank() : axis);
  const Layout layout = at == 1 ? lowering.input_layout(index, 0) : Layout::kRowMajor;
  const bool is_moved = layout == Layout::kChannelsLast;
  const Shape dims = is_moved ? memory_shape(from.shape) : from.shape;
  const int split = is_moved ? memory_axis(from.shape, at) : at;
  call.outer = product(dims, 0, split);
  call.count = dims[split];
  call.inner = product(dims, split + 1, dims.rank());
  call.type = from.dtype;
  const Slot input = lowering.input_slot(index, 0, layout);
  const bool keeps_rank = lowering.output_value(index).shape.rank() == from.shape.rank();
  const Slot output = lowering.make_output_slot(index, keeps_rank ? layout : Layout::kRowMajor);
  const Slot row =
      lowering.make_scratch(call.count * static_cast<int64_t>(sizeof(kernels::RankedNumber)));
  lowering.emit(make_step(&kernels::top_k, call,
                          [input, output, row](kernels::TopK& arguments, const Memory& memory) {
                            arguments.input = memory.at<std::byte>(input);
                            arguments.output = memory.at<std::byte>(output);
                            arguments.row = memory.at<kernels::RankedNumber>(row);
                          }),
                {input, output, row});
  return success();
}

Status lower_arg(Lowering& lowering, size_t index, bool is_max) {
  const auto& attributes = std::get<ArgAttributes>(lowering.node(index).attributes);
  return lower_top_k(
      lowering, index, attributes.axis,
      {.largest = is_max, .gives_indices = true, .last_first = attributes.select_last});
}

// How good an axis is as the innermost: operands that step by 1 or stay.
int64_t evenness(const Broadcast& walk, int axis) {
  return std::ranges::count_if(walk.operands, [axis](const BroadcastOperand& operand) {
    return operand.strides[static_cast<size_t>(axis)] <= 1;
  });
}

// Of an operand whose dimensions have these letters: of each letter of the equation.
std::array<int64_t, kMaxRank> letter_strides(const Einsum& einsum, const std::string& letters,
                                             const Shape& shape) {
  std::array<int64_t, kMaxRank> strides{};
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    // A letter that is there twice walks along the diagonal.
    if (shape[axis] != 1) strides[einsum.index(letters[static_cast<size_t>(axis)])] += stride;
    stride *= shape[axis];
  }
  return strides;
}

}  // namespace

#define LOWBIT_REDUCE(name, fold)                                                               \
  template <>                                                                                   \
  Status lower<Op::k##name>(Lowering & lowering, size_t index) {                                \
    return lower_reduce(lowering, index, BinaryFunction::fold, Op::k##name == Op::kReduceMean); \
  }
#include "qmath/reduce.inc"
#undef LOWBIT_REDUCE

template <>
Status lower<Op::kArgMax>(Lowering& lowering, size_t index) {
  return lower_arg(lowering, index, true);
}

template <>
Status lower<Op::kArgMin>(Lowering& lowering, size_t index) {
  return lower_arg(lowering, index, false);
}

template <>
Status lower<Op::kTopK>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<TopKAttributes>(lowering.node(index).attributes);
  return lower_top_k(lowering, index, attributes.axis,
                     {.k = attributes.k,
                      .largest = attributes.largest,
                      .gives_indices = attributes.gives_indices});
}

template <>
Status lower<Op::kEinsum>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<EinsumAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(const Einsum einsum, parse_einsum(attributes.equation));
  std::vector<Shape> shapes;
  for (size_t i = 0; i < einsum.operands.size(); ++i) {
    shapes.push_back(lowering.input_value(index, i).shape);
  }
  LOWBIT_ASSIGN(const std::vector<int64_t> dims, einsum_dims(einsum, shapes));
  LOWBIT_ASSIGN(const Shape letters, Shape::from_dims(dims));
  Broadcast all{.dims = letters, .operands = {}};
  for (size_t i = 0; i < shapes.size(); ++i) {
    all.operands.push_back({lowering.input_slot(index, i, Layout::kRowMajor),
                            letter_strides(einsum, einsum.operands[i], shapes[i])});
  }
  if (shapes.size() == 1) all.operands.emplace_back();
  const Shape& output_shape = lowering.output_value(index).shape;
  const Slot output = lowering.make_output_slot(index, Layout::kRowMajor);
  all.operands.push_back({output, letter_strides(einsum, einsum.output, output_shape)});

  std::vector<int> axes;
  for (int axis = 0; axis < letters.rank(); ++axis) {
    if (letters[axis] > 1) axes.push_back(axis);
  }
  const auto innermost =
      std::ranges::max_element(axes, {}, [&](int axis) { return evenness(all, axis); });
  if (innermost != axes.end()) std::rotate(innermost, innermost + 1, axes.end());
  const Broadcast walk = reordered(all, axes);
  const kernels::SumOfProducts call{.dims = walk.dims,
                                    .a_strides = walk.operands[0].strides,
                                    .b_strides = walk.operands[1].strides,
                                    .output_strides = walk.operands[2].strides,
                                    .output_count = *output_shape.element_count()};
  const Slot a = walk.operands[0].slot;
  const Slot b = walk.operands[1].slot;
  const auto bind = [a, b, output](kernels::SumOfProducts& arguments, const Memory& memory) {
    arguments.a = memory.at<float>(a);
    arguments.b = b == kNoSlot ? nullptr : memory.at<float>(b);
    arguments.output = memory.at<float>(output);
  };
  lowering.emit(make_step(&kernels::sum_of_products, call, bind),
                {a, b == kNoSlot ? a : b, output});
  return success();
}

}  // namespace lowbit::engine

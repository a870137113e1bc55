// Operators whose output elements are elements of their input, at places that parameters tell.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "formats/onnx_read.h"

namespace lowbit {

namespace {

const Shape& input_shape(const NodeSource& source) { return source.inputs[0]->shape; }

// Readers of what needs its input's rank look here first.
Status check_given(const NodeSource& source) {
  if (!source.inputs.empty() && source.inputs[0]) return success();
  return source.refuse(ErrorCode::kInvalidModel, "it has no input");
}

Result<int> resolve_axis(const NodeSource& source, int64_t axis) {
  const int rank = input_shape(source).rank();
  if (axis < -rank || axis >= rank) {
    return source.refuse(
        ErrorCode::kInvalidModel,
        format_text("axis {} is out of range for an input of rank {}", axis, rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::vector<int64_t> counted(size_t count) {
  std::vector<int64_t> values(count);
  std::iota(values.begin(), values.end(), int64_t{0});
  return values;
}

// The ends of a slice, where one may be the input's own dimension, as exporters write what goes to
// the end of an axis.
Result<std::vector<int64_t>> read_ends(const NodeSource& source, const std::vector<int64_t>& axes) {
  const TensorId ends = source.node.inputs[2];
  const auto numbers =
      source.parameters.is_constant(ends) ? std::nullopt : source.parameters.numbers(ends);
  if (!numbers) return source.integers(2, "ends");
  std::vector<int64_t> result;
  for (size_t i = 0; i < numbers->size() && i < axes.size(); ++i) {
    const ShapeNumber number = (*numbers)[i];
    LOWBIT_ASSIGN(const int axis, resolve_axis(source, axes[i]));
    const bool is_whole =
        number.kind == ShapeNumber::Kind::kSymbol && number.value == input_shape(source)[axis];
    if (!is_whole && number.kind != ShapeNumber::Kind::kNumber) return source.integers(2, "ends");
    result.push_back(is_whole ? std::numeric_limits<int64_t>::max() : number.value);
  }
  return result;
}

}  // namespace

Result<Expansion> read_transpose(const NodeSource& source) {
  LOWBIT_TRY(check_given(source));
  TransposeAttributes transpose{.permutation = source.attributes.integers("perm")};
  if (!source.attributes.has("perm")) {
    transpose.permutation = counted(static_cast<size_t>(input_shape(source).rank()));
    std::ranges::reverse(transpose.permutation);
  }
  return same_node(source, std::move(transpose));
}

// Attributes before opset 10, inputs from then on.
Result<Expansion> read_slice(const NodeSource& source) {
  LOWBIT_TRY(check_given(source));
  SliceAttributes slice;
  if (source.opset < 10) {
    slice.starts = source.attributes.integers("starts");
    slice.ends = source.attributes.integers("ends");
    slice.axes = source.attributes.integers("axes");
  } else if (!source.has(1) || !source.has(2)) {
    return source.refuse(ErrorCode::kInvalidModel, "it needs the inputs starts and ends");
  } else {
    LOWBIT_ASSIGN(slice.starts, source.integers(1, "starts"));
    if (source.has(3)) {
      LOWBIT_ASSIGN(slice.axes, source.integers(3, "axes"));
    }
    if (source.has(4)) {
      LOWBIT_ASSIGN(slice.steps, source.integers(4, "steps"));
    }
  }
  if (slice.axes.empty()) slice.axes = counted(slice.starts.size());
  if (slice.steps.empty()) slice.steps.assign(slice.starts.size(), 1);
  if (source.opset >= 10) {
    LOWBIT_ASSIGN(slice.ends, read_ends(source, slice.axes));
  }
  return same_node(source, std::move(slice));
}

// One Slice per part.
Result<Expansion> read_split(const NodeSource& source) {
  LOWBIT_TRY(check_given(source));
  const int64_t given = source.attributes.integer("axis", 0);
  LOWBIT_ASSIGN(const int axis, resolve_axis(source, given));
  const auto count = static_cast<int64_t>(source.node.outputs.size());
  std::vector<int64_t> lengths;
  if (source.opset < 13) {
    lengths = source.attributes.integers("split");
  } else if (source.has(1)) {
    LOWBIT_ASSIGN(lengths, source.integers(1, "split"));
  }
  if (source.opset >= 18 && source.attributes.integer("num_outputs", count) != count) {
    return source.refuse(ErrorCode::kInvalidModel, "num_outputs is not the number of its outputs");
  }
  const int64_t length = input_shape(source)[axis];
  if (lengths.empty()) {
    if (length < 0) {
      return source.refuse(ErrorCode::kUnsupportedFeature,
                           "a symbolic dimension cannot be split into equal parts");
    }
    if (source.opset < 18 && length % count != 0) {
      return source.refuse(
          ErrorCode::kInvalidModel,
          format_text("axis {}, of length {}, has no {} equal parts", given, length, count));
    }
    // The last one is shorter where it must be.
    const int64_t part = (length + count - 1) / count;
    for (int64_t i = 0; i < count; ++i) {
      lengths.push_back(std::clamp<int64_t>(length - i * part, 0, part));
    }
  }
  Expansion expansion;
  expansion.outputs.clear();
  int64_t start = 0;
  for (const int64_t part : lengths) {
    if (part < 0 || part > kMaxElements) {
      return source.refuse(ErrorCode::kInvalidModel, format_text("a part has length {}", part));
    }
    expansion.add(
        {Op::kSlice,
         {Operand::input(0)},
         SliceAttributes{.starts = {start}, .ends = {start + part}, .axes = {axis}, .steps = {1}}});
    expansion.outputs.push_back(expansion.outputs.size());
    start += part;
  }
  if (std::ssize(lengths) != count || (length >= 0 && start != length)) {
    return source.refuse(ErrorCode::kInvalidModel,
                         format_text("its {} parts do not make up axis {}, of length {}",
                                     lengths.size(), given, length));
  }
  return expansion;
}

Result<Expansion> read_gather(const NodeSource& source) {
  return same_node(source, AxisAttributes{source.attributes.integer("axis", 0)});
}

// Pads are an attribute before opset 11, and of some axes only from opset 18 on.
Result<Expansion> read_pad(const NodeSource& source) {
  LOWBIT_TRY(check_given(source));
  PadAttributes pad;
  const std::string_view mode = source.attributes.text("mode", "constant");
  if (mode == "reflect") pad.mode = PadMode::kReflect;
  if (mode == "edge") pad.mode = PadMode::kEdge;
  if (mode == "wrap" && source.opset >= 19) pad.mode = PadMode::kWrap;
  if (pad.mode == PadMode::kConstant && mode != "constant") {
    source.attributes.fail(ErrorCode::kInvalidModel,
                           format_text("'{}' is not a value of mode", mode));
  }
  if (source.opset < 11) {
    // Opset 1 called them paddings.
    pad.pads = source.attributes.integers(source.opset < 2 ? "paddings" : "pads");
    pad.value = double{source.attributes.real("value", 0)};
    return same_node(source, std::move(pad));
  }
  if (!source.has(1)) return source.refuse(ErrorCode::kInvalidModel, "it has no input pads");
  LOWBIT_ASSIGN(pad.pads, source.integers(1, "pads"));
  if (source.has(2)) {
    LOWBIT_ASSIGN(const Tensor value, source.constant(2, "constant_value"));
    if (value.element_count() != 1) {
      return source.refuse(ErrorCode::kInvalidModel, "its constant_value is not one number");
    }
    switch (value.dtype()) {
#define X(name, type, text, onnx)                           \
  case DType::k##name:                                      \
    pad.value = static_cast<double>(value.data<type>()[0]); \
    break;
      LOWBIT_DTYPES(X)
#undef X
    }
  }
  if (source.has(3)) {
    LOWBIT_ASSIGN(const std::vector<int64_t> axes, source.integers(3, "axes"));
    const auto rank = static_cast<size_t>(input_shape(source).rank());
    if (pad.pads.size() != 2 * axes.size()) {
      return source.refuse(ErrorCode::kInvalidModel, "it needs two pads for each of its axes");
    }
    std::vector<int64_t> pads(2 * rank, 0);
    for (size_t i = 0; i < axes.size(); ++i) {
      LOWBIT_ASSIGN(const int axis, resolve_axis(source, axes[i]));
      pads[static_cast<size_t>(axis)] = pad.pads[i];
      pads[static_cast<size_t>(axis) + rank] = pad.pads[i + axes.size()];
    }
    pad.pads = std::move(pads);
  }
  return same_node(source, std::move(pad));
}

namespace {

// `operand` in a shape whose symbols are dimensions of a value that the graph has already.
Result<Expansion> expand_to(const NodeSource& source, Expansion expansion, Operand operand,
                            const std::vector<ShapeNumber>& target) {
  ExpandAttributes expand;
  ValueId like = kNoValue;
  for (const ShapeNumber number : target) {
    if (number.kind == ShapeNumber::Kind::kNumber) {
      if (number.value < 0) {
        return source.refuse(ErrorCode::kInvalidModel, "its shape is negative");
      }
      expand.shape.push_back(number.value);
      continue;
    }
    const auto found = number.kind == ShapeNumber::Kind::kSymbol
                           ? source.parameters.find_symbol(number.value)
                           : Parameters::Dimension{};
    if (found.value == kNoValue || (like != kNoValue && like != found.value)) {
      return source.refuse(ErrorCode::kUnsupportedFeature,
                           "its shape is not made of the dimensions of one input of the model; "
                           "give the dimensions numbers when the model is loaded");
    }
    like = found.value;
    expand.shape.push_back(-1 - int64_t{found.axis});
  }
  MadeNode node{Op::kExpand, {operand}, std::move(expand)};
  if (like != kNoValue) node.inputs.push_back(Operand::value(like));
  expansion.add(std::move(node));
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

Result<std::vector<ShapeNumber>> read_target(const NodeSource& source, size_t input) {
  if (!source.has(input)) return source.refuse(ErrorCode::kInvalidModel, "it has no input shape");
  const TensorId id = source.node.inputs[input];
  const auto known =
      source.parameters.is_constant(id) ? std::nullopt : source.parameters.numbers(id);
  if (known) return *known;
  LOWBIT_ASSIGN(const std::vector<int64_t> dims, source.integers(input, "shape"));
  std::vector<ShapeNumber> target;
  for (const int64_t dim : dims) target.push_back({ShapeNumber::Kind::kNumber, dim});
  return target;
}

}  // namespace

Result<Expansion> read_expand(const NodeSource& source) {
  LOWBIT_TRY(check_given(source));
  LOWBIT_ASSIGN(const std::vector<ShapeNumber> target, read_target(source, 1));
  return expand_to(source, {}, Operand::input(0), target);
}

// One number, expanded.
Result<Expansion> read_constant_of_shape(const NodeSource& source) {
  LOWBIT_ASSIGN(const std::vector<ShapeNumber> target, read_target(source, 0));
  const float zero = 0;
  LOWBIT_ASSIGN(Tensor number, Tensor::from_values<float>(Shape{}, std::span(&zero, 1)));
  if (const auto given = source.attributes.tensor("value")) {
    LOWBIT_ASSIGN(const Tensor value,
                  source.parameters.constants().attribute(*given, source.node.name));
    const Result<Tensor> scalar = value.reshaped(Shape{});
    if (!scalar) return source.refuse(ErrorCode::kInvalidModel, "its value is not one number");
    number = *scalar;
  }
  Expansion expansion;
  const Operand constant = expansion.add(std::move(number));
  return expand_to(source, std::move(expansion), constant, target);
}

// Nothing is dropped anywhere.
Result<Expansion> with_dropout_mask(const NodeSource& source, Expansion expansion) {
  const std::vector<TensorId>& outputs = source.node.outputs;
  const bool is_read =
      outputs.size() > 1 && source.parameters.constants().index().is_used(outputs[1]);
  // Before opset 10 it is real.
  if (!is_read || source.opset < 10 || source.inputs.empty() || !source.inputs[0]) return expansion;
  const bool kept = true;
  LOWBIT_ASSIGN(Tensor number, Tensor::from_values<bool>(Shape{}, std::span(&kept, 1)));
  const Shape& shape = input_shape(source);
  ExpandAttributes expand;
  bool is_symbolic = false;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    is_symbolic = is_symbolic || shape[axis] < 0;
    expand.shape.push_back(shape[axis] < 0 ? -1 - int64_t{axis} : shape[axis]);
  }
  MadeNode node{Op::kExpand, {expansion.add(std::move(number))}, std::move(expand)};
  if (is_symbolic) node.inputs.push_back(Operand::input(0));
  expansion.add(std::move(node));
  expansion.outputs.push_back(expansion.nodes.size() - 1);
  return expansion;
}

// Opset 1 has one axis, and its tiles are an input, too.
Result<Expansion> read_tile(const NodeSource& source) {
  LOWBIT_TRY(check_given(source));
  if (!source.has(1)) return source.refuse(ErrorCode::kInvalidModel, "it has no input repeats");
  TileAttributes tile;
  if (source.opset >= 6) {
    LOWBIT_ASSIGN(tile.repeats, source.integers(1, "repeats"));
    return same_node(source, std::move(tile));
  }
  if (!source.has(2)) return source.refuse(ErrorCode::kInvalidModel, "it has no input axis");
  LOWBIT_ASSIGN(const std::vector<int64_t> tiles, source.integers(1, "tiles"));
  LOWBIT_ASSIGN(const std::vector<int64_t> axes, source.integers(2, "axis"));
  if (tiles.size() != 1 || axes.size() != 1) {
    return source.refuse(ErrorCode::kInvalidModel, "its tiles and axis are not one number");
  }
  LOWBIT_ASSIGN(const int axis, resolve_axis(source, axes[0]));
  tile.repeats.assign(static_cast<size_t>(input_shape(source).rank()), 1);
  tile.repeats[static_cast<size_t>(axis)] = tiles[0];
  return same_node(source, std::move(tile));
}

Result<Expansion> read_blocks(const NodeSource& source) {
  BlockAttributes blocks{.block_size = source.attributes.integer("blocksize", 0)};
  if (source.node.op == Op::kDepthToSpace && source.opset >= 11) {
    const std::string_view mode = source.attributes.text("mode", "DCR");
    blocks.depth_first = mode == "DCR";
    if (!blocks.depth_first && mode != "CRD") {
      source.attributes.fail(ErrorCode::kInvalidModel,
                             format_text("'{}' is not a value of mode", mode));
    }
  }
  return same_node(source, blocks);
}

}  // namespace lowbit

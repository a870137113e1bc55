// Convolution and pooling. A window over one dimension is read as one over two, of height 1:
// [N, C, W] becomes [N, C, 1, W] before it and [N, C, W] again behind it.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "formats/onnx_read.h"
#include "graph/window_axis.h"

namespace lowbit {

namespace {

// In the result of Unsqueeze.
constexpr int64_t kHeightAxis = 2;

// How many spatial dimensions the window has: 1 or 2. `kernel` is that of a weight, if there is
// one.
Result<int> spatial_rank(const NodeSource& source, const std::vector<int64_t>& kernel_shape) {
  const Value* const input = source.inputs.empty() ? nullptr : source.inputs[0];
  const int rank = kernel_shape.empty() && input ? input->shape.rank() - 2
                                                 : static_cast<int>(kernel_shape.size());
  if (rank == 1 || rank == 2) return rank;
  return source.refuse(
      ErrorCode::kUnsupportedFeature,
      format_text("windows over one or two dimensions are supported, not over {}", rank));
}

class WindowReader {
 public:
  WindowReader(const NodeSource& source, int rank)
      : attributes_(source.attributes), rank_(static_cast<size_t>(rank)) {}

  WindowAttributes read(Spatial kernel) {
    WindowAttributes window;
    window.kernel = spatial("kernel_shape", kernel);
    window.stride = spatial("strides", {1, 1});
    window.dilation = spatial("dilations", {1, 1});
    window.auto_pad = auto_pad();
    const std::vector<int64_t> pads = attributes_.integers("pads");
    if (pads.empty() || window.auto_pad != AutoPad::kNotSet) return window;
    if (pads.size() != 2 * rank_) {
      attributes_.fail(
          ErrorCode::kInvalidModel,
          format_text("'pads' has {} numbers for a window over {} dimensions", pads.size(), rank_));
      return window;
    }
    window.padding =
        rank_ == 1 ? Padding{.left = pads[0], .right = pads[1]}
                   : Padding{.top = pads[0], .left = pads[1], .bottom = pads[2], .right = pads[3]};
    for (const int64_t pad : pads) {
      if (pad < 0) attributes_.fail(ErrorCode::kUnsupportedFeature, "negative padding");
    }
    return window;
  }

  // A list attribute; `fallback` when it is not given.
  Spatial spatial(std::string_view name, Spatial fallback) {
    if (!attributes_.has(name)) return fallback;
    const std::vector<int64_t> values = attributes_.integers(name);
    if (values.size() != rank_) {
      attributes_.fail(ErrorCode::kInvalidModel,
                       format_text("'{}' has {} numbers for a window over {} dimensions", name,
                                   values.size(), rank_));
      return fallback;
    }
    return rank_ == 1 ? Spatial{fallback.h, values[0]} : Spatial{values[0], values[1]};
  }

 private:
  AutoPad auto_pad() {
    const std::string_view text = attributes_.text("auto_pad", "NOTSET");
    if (text == "SAME_UPPER") return AutoPad::kSameUpper;
    if (text == "SAME_LOWER") return AutoPad::kSameLower;
    if (text == "VALID") return AutoPad::kValid;
    if (text != "NOTSET" && !text.empty()) {
      attributes_.fail(ErrorCode::kInvalidModel,
                       format_text("'{}' is not a value of auto_pad", text));
    }
    return AutoPad::kNotSet;
  }

  AttributeReader& attributes_;
  size_t rank_;
};

// Whether the node pools integers that carry no parameters. Each is a float, too.
bool pools_bytes(const NodeSource& source, Op op) {
  if (op != Op::kMaxPool || source.inputs.empty() || !source.inputs[0]) return false;
  const Value& x = *source.inputs[0];
  return !x.quant && (x.dtype == DType::kU8 || x.dtype == DType::kI8);
}

// A node of the first `input_count` inputs, between Unsqueeze and Squeeze where its window has one
// dimension; `widened` of its inputs, from the first, have that dimension.
Expansion expand(const NodeSource& source, Op op, int rank, size_t input_count, size_t widened,
                 Attributes attributes) {
  Expansion expansion;
  MadeNode node{.op = op, .attributes = std::move(attributes)};
  const Attributes height = AxesAttributes{{kHeightAxis}};
  const bool is_bytes = pools_bytes(source, op);
  for (size_t i = 0; i < std::min(input_count, source.inputs.size()); ++i) {
    Operand operand = source.inputs[i] ? Operand::input(i) : Operand::none();
    if (is_bytes) operand = expansion.add({Op::kCast, {operand}, CastAttributes{}});
    if (rank == 1 && i < widened) operand = expansion.add({Op::kUnsqueeze, {operand}, height});
    node.inputs.push_back(operand);
  }
  Operand made = expansion.add(std::move(node));
  if (rank == 1) made = expansion.add(MadeNode{Op::kSqueeze, {made}, height});
  if (is_bytes) expansion.add({Op::kCast, {made}, CastAttributes{source.inputs[0]->dtype}});
  expansion.outputs = {expansion.nodes.size() - 1};
  return expansion;
}

// The kernel of a convolution's weight, whose window has one or two dimensions.
struct ConvKernel {
  int rank;
  Spatial size;
};
Result<ConvKernel> conv_kernel(const NodeSource& source) {
  const Value* const weight = source.inputs.size() > 1 ? source.inputs[1] : nullptr;
  if (!weight) return source.refuse(ErrorCode::kInvalidModel, "it has no weight");
  const int rank = weight->shape.rank() - 2;
  if (rank != 1 && rank != 2) {
    return source.refuse(
        ErrorCode::kUnsupportedFeature,
        format_text("convolutions over one or two dimensions are supported; the weight has the "
                    "shape {}",
                    weight->shape.to_string()));
  }
  return ConvKernel{rank, {rank == 1 ? 1 : weight->shape[2], weight->shape[rank + 1]}};
}

void check_kernel_shape(const NodeSource& source, const WindowAttributes& window, Spatial kernel) {
  if (window.kernel == kernel) return;
  source.attributes.fail(ErrorCode::kInvalidModel,
                         format_text("kernel_shape is not the kernel of a weight of the shape {}",
                                     source.inputs[1]->shape.to_string()));
}

// One axis of a transposed convolution whose padding is asked for by the output's length, or by
// auto_pad: then the output is `stride` times as long as the input, so that the input does not
// matter.
struct TransposedPadding {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t output_padding = 0;

  TransposedPadding(int64_t total, int64_t given, bool is_upper) : output_padding(given) {
    if (total < 0) {
      output_padding -= total;
      return;
    }
    begin = is_upper ? total / 2 : total - total / 2;
    end = total - begin;
  }
};

// Conv of the node's first `input_count` inputs; or ConvInteger.
Result<Expansion> make_conv(const NodeSource& source, Op op, size_t input_count) {
  LOWBIT_ASSIGN(const ConvKernel kernel, conv_kernel(source));
  ConvAttributes conv;
  conv.window = WindowReader(source, kernel.rank).read(kernel.size);
  conv.groups = source.attributes.integer("group", 1);
  check_kernel_shape(source, conv.window, kernel.size);
  return expand(source, op, kernel.rank, input_count, 2, conv);
}

// The activation of a FusedConv, as a node of its own where it is none of Node::activation.
Status add_activation(const NodeSource& source, MadeNode& fused, Expansion& expansion) {
  const std::string_view name = source.attributes.text("activation", "");
  const std::vector<float> given = source.attributes.reals("activation_params");
  const std::optional<Op> op = op_from_name(name);
  if (name.empty()) return success();
  if (op == Op::kRelu) {
    fused.activation.min = 0;
  } else if (op == Op::kClip && given.size() == 2) {
    fused.activation = {.min = given[0], .max = given[1]};
  } else if (const auto function = op ? unary_function(*op) : std::nullopt) {
    const UnaryInfo& info = unary_info(*function);
    UnaryAttributes unary{.parameters = {info.alpha, info.beta}};
    if (!given.empty()) unary.parameters.alpha = given[0];
    if (given.size() > 1) unary.parameters.beta = given[1];
    expansion.add({*op, {Operand::made(expansion.outputs[0])}, unary});
    expansion.outputs = {expansion.nodes.size() - 1};
  } else {
    return source.refuse(ErrorCode::kUnsupportedFeature,
                         format_text("the activation '{}' is not supported", name));
  }
  return success();
}

}  // namespace

Result<Expansion> read_conv(const NodeSource& source) {
  return make_conv(source, *source.node.op, source.inputs.size());
}

// ONNX Runtime's own: Y = activation(Conv(X, W, B) + Z).
Result<Expansion> read_fused_conv(const NodeSource& source) {
  constexpr size_t kSum = 3;
  LOWBIT_ASSIGN(Expansion expansion, make_conv(source, Op::kConv, kSum));
  size_t fused = 0;
  while (expansion.nodes[fused].op != Op::kConv) ++fused;
  if (source.inputs.size() > kSum && source.inputs[kSum]) {
    fused = expansion.nodes.size();
    expansion.add({Op::kAdd, {Operand::made(expansion.outputs[0]), Operand::input(kSum)}});
    expansion.outputs = {fused};
  }
  MadeNode node = expansion.nodes[fused];
  LOWBIT_TRY(add_activation(source, node, expansion));
  expansion.nodes[fused] = std::move(node);
  return expansion;
}

Result<Expansion> read_conv_transpose(const NodeSource& source) {
  LOWBIT_ASSIGN(const ConvKernel kernel, conv_kernel(source));
  WindowReader reader(source, kernel.rank);
  ConvTransposeAttributes conv;
  conv.window = reader.read(kernel.size);
  conv.groups = source.attributes.integer("group", 1);
  conv.output_padding = reader.spatial("output_padding", {0, 0});
  check_kernel_shape(source, conv.window, kernel.size);
  const AutoPad auto_pad = std::exchange(conv.window.auto_pad, AutoPad::kNotSet);
  const Spatial output = reader.spatial("output_shape", {0, 0});
  LOWBIT_TRY(check_window(conv.window));
  for (const int64_t length : {conv.output_padding.h, conv.output_padding.w, output.h, output.w}) {
    if (length < 0 || length > kMaxElements) {
      return source.refuse(ErrorCode::kInvalidModel,
                           format_text("a padding or length of {} is none", length));
    }
  }
  const bool has_output = output.w != 0;
  const bool is_same = auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower;
  if (!has_output && !is_same)
    return expand(source, *source.node.op, kernel.rank, source.inputs.size(), 2, conv);

  const Shape& x = source.inputs[0] ? source.inputs[0]->shape : Shape();
  const auto padding = [&](int64_t k, int64_t stride, int64_t dilation, int64_t given,
                           int64_t input, int64_t wanted) {
    const int64_t beyond = (k - 1) * dilation + 1 + given;
    const int64_t total = has_output ? stride * (input - 1) + beyond - wanted : beyond - stride;
    return TransposedPadding(total, given, auto_pad == AutoPad::kSameUpper);
  };
  const auto extent = [&](int from_end) {
    return x.rank() > from_end ? x[x.rank() - from_end] : int64_t{-1};
  };
  const int64_t height = kernel.rank == 1 ? 1 : extent(2);
  const auto is_known = [](int64_t dim) { return dim >= 0 && dim <= kMaxElements; };
  if (has_output && !(is_known(height) && is_known(extent(1)))) {
    return source.refuse(ErrorCode::kUnsupportedFeature,
                         "its output_shape needs an input whose dimensions are known");
  }
  const auto [size, stride, dilation, unused, unset] = conv.window;
  const TransposedPadding rows = padding(size.h, stride.h, dilation.h, conv.output_padding.h,
                                         height, kernel.rank == 1 ? 1 : output.h);
  const TransposedPadding columns =
      padding(size.w, stride.w, dilation.w, conv.output_padding.w, extent(1), output.w);
  conv.window.padding = {rows.begin, columns.begin, rows.end, columns.end};
  conv.output_padding = {rows.output_padding, columns.output_padding};
  return expand(source, *source.node.op, kernel.rank, source.inputs.size(), 2, conv);
}

Result<Expansion> read_pool(const NodeSource& source) {
  const std::vector<int64_t> kernel_shape = source.attributes.integers("kernel_shape");
  if (kernel_shape.empty())
    return source.refuse(ErrorCode::kInvalidModel, "it has no kernel_shape");
  LOWBIT_ASSIGN(const int rank, spatial_rank(source, kernel_shape));
  PoolAttributes pool;
  pool.window = WindowReader(source, rank).read({});
  pool.ceil_mode = source.attributes.flag("ceil_mode", false);
  if (source.node.op == Op::kAveragePool) {
    pool.count_include_pad = source.attributes.flag("count_include_pad", false);
  } else if (source.attributes.integer("storage_order", 0) != 0) {
    source.attributes.fail(ErrorCode::kUnsupportedFeature,
                           "storage_order = 1 (column-major indices) is not supported");
  }
  return expand(source, *source.node.op, rank, source.inputs.size(), 1, pool);
}

}  // namespace lowbit

#include "formats/onnx_node_writer.h"

#include <array>

#include "base/text.h"
#include "formats/resize_names.h"

namespace lowbit {

namespace {

enum class Written : uint8_t { kYes, kNo };
void write_window(const WindowAttributes& window, Written kernel_shape, AttributeWriter& out) {
  if (window.auto_pad == AutoPad::kSameUpper) out.text("auto_pad", "SAME_UPPER");
  if (window.auto_pad == AutoPad::kSameLower) out.text("auto_pad", "SAME_LOWER");
  if (window.auto_pad == AutoPad::kValid) out.text("auto_pad", "VALID");
  if (window.dilation != Spatial{}) {
    out.integers("dilations", std::array{window.dilation.h, window.dilation.w});
  }
  if (kernel_shape == Written::kYes) {
    out.integers("kernel_shape", std::array{window.kernel.h, window.kernel.w});
  }
  if (window.auto_pad == AutoPad::kNotSet && window.padding != Padding{}) {
    out.integers("pads", std::array{window.padding.top, window.padding.left, window.padding.bottom,
                                    window.padding.right});
  }
  if (window.stride != Spatial{}) {
    out.integers("strides", std::array{window.stride.h, window.stride.w});
  }
}

class AttributesOf {
 public:
  AttributesOf(Op op, const NodeForm& form, AttributeWriter& out)
      : op_(op), form_(form), out_(out) {}

  void operator()(const NoAttributes&) const {}
  // The bounds are inputs, as Reshape's shape is.
  void operator()(const ClipAttributes&) const {}
  void operator()(const ConvAttributes& conv) const {
    if (conv.groups != 1) out_.integer("group", conv.groups);
    write_window(conv.window, form_.is_integer ? Written::kNo : Written::kYes, out_);
  }
  void operator()(const GemmAttributes& gemm) const {
    if (gemm.alpha != 1.0f) out_.real("alpha", gemm.alpha);
    if (gemm.beta != 1.0f) out_.real("beta", gemm.beta);
    if (gemm.transpose_a) out_.integer("transA", 1);
    if (gemm.transpose_b) out_.integer("transB", 1);
  }
  void operator()(const PoolAttributes& pool) const {
    if (pool.ceil_mode) out_.integer("ceil_mode", 1);
    if (pool.count_include_pad && op_ == Op::kAveragePool) out_.integer("count_include_pad", 1);
    write_window(pool.window, Written::kYes, out_);
  }
  void operator()(const BatchNormalizationAttributes& norm) const {
    constexpr BatchNormalizationAttributes kDefault;
    if (norm.epsilon != kDefault.epsilon) out_.real("epsilon", norm.epsilon);
    if (norm.momentum != kDefault.momentum) out_.real("momentum", norm.momentum);
  }
  void operator()(const AxisAttributes& axis) const { out_.integer("axis", axis.axis); }
  void operator()(const ReshapeAttributes& reshape) const {
    if (reshape.allow_zero) out_.integer("allowzero", 1);
  }
  // Of these all is in inputs.
  void operator()(const AxesAttributes&) const {}
  void operator()(const SliceAttributes&) const {}
  void operator()(const ExpandAttributes&) const {}
  void operator()(const TileAttributes&) const {}
  void operator()(const TransposeAttributes& transpose) const {
    out_.integers("perm", transpose.permutation);
  }
  void operator()(const PadAttributes& pad) const {
    if (pad.mode == PadMode::kReflect) out_.text("mode", "reflect");
    if (pad.mode == PadMode::kEdge) out_.text("mode", "edge");
    if (pad.mode == PadMode::kWrap) out_.text("mode", "wrap");
  }
  void operator()(const BlockAttributes& blocks) const {
    out_.integer("blocksize", blocks.block_size);
    if (!blocks.depth_first && op_ == Op::kDepthToSpace) out_.text("mode", "CRD");
  }
  void operator()(const ResizeAttributes& resize) const {
    constexpr ResizeAttributes kDefault;
    if (resize.antialias) out_.integer("antialias", 1);
    if (const auto axes = resized_axes(resize); !axes.empty()) out_.integers("axes", axes);
    if (resize.coordinates != kDefault.coordinates) {
      out_.text("coordinate_transformation_mode", name_in(kResizeCoordinates, resize.coordinates));
    }
    if (resize.cubic_a != kDefault.cubic_a) out_.real("cubic_coeff_a", resize.cubic_a);
    if (resize.exclude_outside) out_.integer("exclude_outside", 1);
    if (resize.extrapolation_value != 0) {
      out_.real("extrapolation_value", resize.extrapolation_value);
    }
    if (resize.aspect != kDefault.aspect) {
      out_.text("keep_aspect_ratio_policy", name_in(kResizeAspects, resize.aspect));
    }
    if (resize.mode != kDefault.mode) out_.text("mode", name_in(kResizeModes, resize.mode));
    if (resize.rounding != kDefault.rounding) {
      out_.text("nearest_mode", name_in(kResizeRoundings, resize.rounding));
    }
  }
  void operator()(const CastAttributes& cast) const {
    out_.integer("to",
                 static_cast<int64_t>(cast.to_half ? OnnxType::kFloat16 : onnx_type(cast.to)));
  }
  void operator()(const ShapeAttributes& shape) const {
    constexpr ShapeAttributes kDefault;
    if (shape.end != kDefault.end) out_.integer("end", shape.end);
    if (shape.start != kDefault.start) out_.integer("start", shape.start);
  }
  // The axes are an input from some opset on.
  void operator()(const ReduceAttributes& reduce) const {
    if (!reduce.axes.empty() && !has_axes_as_input(op_, form_.opset)) {
      out_.integers("axes", reduce.axes);
    }
    if (!reduce.keep_dims) out_.integer("keepdims", 0);
  }
  void operator()(const ArgAttributes& arg) const {
    out_.integer("axis", arg.axis);
    if (!arg.keep_dims) out_.integer("keepdims", 0);
    if (arg.select_last) out_.integer("select_last_index", 1);
  }
  // k is an input.
  void operator()(const TopKAttributes& top) const {
    out_.integer("axis", top.axis);
    if (!top.largest) out_.integer("largest", 0);
  }
  void operator()(const NormalizationAttributes& norm) const {
    constexpr NormalizationAttributes kDefault;
    if (norm.axis != kDefault.axis) out_.integer("axis", norm.axis);
    if (norm.epsilon != kDefault.epsilon) out_.real("epsilon", norm.epsilon);
    if (op_ == Op::kGroupNormalization) out_.integer("num_groups", norm.groups);
  }
  void operator()(const ConvTransposeAttributes& conv) const {
    if (conv.groups != 1) out_.integer("group", conv.groups);
    write_window(conv.window, Written::kYes, out_);
    if (conv.output_padding != Spatial{0, 0}) {
      out_.integers("output_padding", std::array{conv.output_padding.h, conv.output_padding.w});
    }
  }
  void operator()(const EinsumAttributes& einsum) const { out_.text("equation", einsum.equation); }
  void operator()(const UnaryAttributes& unary) const {
    const UnaryInfo& info = unary_info(*unary_function(op_));
    const auto [alpha, beta] = unary.parameters;
    if (!info.alpha_name.empty() && alpha != info.alpha) out_.real(info.alpha_name, alpha);
    if (unary.approximate && op_ == Op::kGelu) out_.text("approximate", "tanh");
    if (!info.beta_name.empty() && beta != info.beta) out_.real(info.beta_name, beta);
  }

 private:
  Op op_;
  NodeForm form_;
  AttributeWriter& out_;
};

}  // namespace

void write_attributes(const Node& node, const NodeForm& form, AttributeWriter& out) {
  std::visit(AttributesOf(node.op, form, out), node.attributes);
}

bool has_axes_as_input(Op op, int64_t opset) { return opset >= (op == Op::kReduceSum ? 13 : 18); }

}  // namespace lowbit

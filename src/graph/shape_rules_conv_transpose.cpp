#include "base/text.h"
#include "graph/errors.h"
#include "graph/shape_checks.h"
#include "graph/shape_rules.h"
#include "graph/window_axis.h"

namespace lowbit {

namespace {

// check_window() and check_output_padding() have bounded all of them by kMaxElements.
int64_t transposed_extent(const WindowAxis& along, int64_t output_padding, int64_t input) {
  return (input - 1) * along.stride + (along.kernel - 1) * along.dilation + 1 + output_padding -
         along.pad_begin - along.pad_end;
}

Status check_output_padding(const Node& node, const ConvTransposeAttributes& attributes) {
  for (const int64_t padding : {attributes.output_padding.h, attributes.output_padding.w}) {
    if (padding < 0 || padding > kMaxElements) {
      return node_error(ErrorCode::kInvalidModel, node,
                        format_text("an output padding of {} is none", padding));
    }
  }
  if (attributes.window.auto_pad == AutoPad::kNotSet) return success();
  return node_error(ErrorCode::kInvalidModel, node, "its padding is not resolved");
}

}  // namespace

Result<Shape> ShapeRules::conv_transpose(const Node& node) {
  const auto& attributes = std::get<ConvTransposeAttributes>(node.attributes);
  const WindowAttributes& window = attributes.window;
  const Shape& x = shape(node, 0);
  const Shape& weight = shape(node, 1);
  LOWBIT_TRY(check_image(node, x));
  if (const Status status = check_window(window); !status) return named(node, status.error());
  LOWBIT_TRY(check_output_padding(node, attributes));
  const int64_t groups = attributes.groups;
  const bool has_kernel = weight.rank() == 4 && weight.is_concrete() &&
                          weight[2] == window.kernel.h && weight[3] == window.kernel.w;
  if (!has_kernel || groups < 1 || weight[0] % groups != 0 || !may_equal(x[1], weight[0])) {
    return node_error(
        ErrorCode::kShapeMismatch, node,
        format_text("weight has shape {}; with an input of shape {}, a kernel of {} x {} and {} it "
                    "must be [C, M / groups, kh, kw]",
                    weight.to_string(), x.to_string(), window.kernel.h, window.kernel.w,
                    count_of(groups, "group")));
  }
  // groups <= weight[0], and weight[0] * weight[1] is at most kMaxElements.
  const int64_t channels = weight[1] * groups;
  if (has(node, 2) && shape(node, 2) != Shape{channels}) {
    return node_error(ErrorCode::kShapeMismatch, node,
                      format_text("bias has shape {}, the output has {}",
                                  shape(node, 2).to_string(), count_of(channels, "channel")));
  }
  Shape result{x[0], channels, 0, 0};
  for (const int axis : {2, 3}) {
    if (x[axis] < 0) {
      result[axis] = new_symbol(node, axis);
      continue;
    }
    const bool is_vertical = axis == 2;
    const int64_t extent = transposed_extent(
        is_vertical ? WindowAxis::vertical(window, false) : WindowAxis::horizontal(window, false),
        is_vertical ? attributes.output_padding.h : attributes.output_padding.w, x[axis]);
    if (extent < 1) {
      return node_error(ErrorCode::kShapeMismatch, node,
                        format_text("its padding leaves nothing of axis {} of an input of shape {}",
                                    axis, x.to_string()));
    }
    result[axis] = extent;
  }
  return result;
}

}  // namespace lowbit

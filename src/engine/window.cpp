#include "engine/window.h"

#include "graph/shape_inference.h"

namespace lowbit::engine {

Result<NodeWindow> node_window(const Lowering& lowering, size_t index,
                               const WindowAttributes& attributes, bool ceil_mode) {
  const Shape& input = lowering.input_value(index, 0).shape;
  const Shape& output = lowering.output_value(index).shape;
  LOWBIT_ASSIGN(const ResolvedWindow resolved,
                resolve_window(attributes, input[2], input[3], ceil_mode));
  const Padding& padding = resolved.padding;
  NodeWindow result;
  kernels::Window& window = result.window;
  const struct {
    int32_t& target;
    int64_t number;
    const char* what;
  } fields[] = {
      {window.batch, input[0], "the batch"},
      {window.input_h, input[2], "the input's height"},
      {window.input_w, input[3], "the input's width"},
      {window.channels, input[1], "the number of channels"},
      {window.output_h, output[2], "the output's height"},
      {window.output_w, output[3], "the output's width"},
      {window.kernel_h, attributes.kernel.h, "the kernel's height"},
      {window.kernel_w, attributes.kernel.w, "the kernel's width"},
      {window.stride_h, attributes.stride.h, "the vertical stride"},
      {window.stride_w, attributes.stride.w, "the horizontal stride"},
      {window.dilation_h, attributes.dilation.h, "the vertical dilation"},
      {window.dilation_w, attributes.dilation.w, "the horizontal dilation"},
      {window.pad_top, padding.top, "the padding at the top"},
      {window.pad_left, padding.left, "the padding at the left"},
      {result.pad_bottom, padding.bottom, "the padding at the bottom"},
      {result.pad_right, padding.right, "the padding at the right"},
  };
  for (const auto& field : fields) {
    LOWBIT_ASSIGN(field.target, lowering.to_int32(index, field.number, field.what));
  }
  return result;
}

Result<NodeWindow> global_window(const Lowering& lowering, size_t index) {
  const Shape& input = lowering.input_value(index, 0).shape;
  WindowAttributes attributes;
  attributes.kernel = {.h = input[2], .w = input[3]};
  return node_window(lowering, index, attributes, false);
}

}  // namespace lowbit::engine

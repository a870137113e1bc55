// Conv: an indirect matrix product over NHWC images (Dukhan, "The Indirect Convolution Algorithm",
// 2019) over padded images. A 1x1 convolution of stride 1 is a product without a table; one product
// per group; depthwise convolution has a kernel of its own.
#include <limits>

#include "base/checked.h"
#include "engine/depthwise.h"
#include "engine/lower_integer_product.h"
#include "engine/product.h"
#include "engine/window.h"

namespace lowbit::engine {

namespace {

struct Taps {
  int32_t count = 0;
  int32_t depth = 0;    // elements of a piece
  int32_t per_row = 0;  // pieces along the kernel's width
};

// The taps of one kernel row are neighbours in the input when all channels belong to one group: one
// long piece in place of kernel_w short ones.
Taps merge_taps(const kernels::Window& window, int32_t group_channels) {
  if (window.dilation_w == 1 && group_channels == window.channels) {
    return {.count = window.kernel_h, .depth = window.kernel_w * group_channels, .per_row = 1};
  }
  return {.count = window.kernel_h * window.kernel_w,
          .depth = group_channels,
          .per_row = window.kernel_w};
}

// Where the taps lie in the image, in elements from the first one.
std::vector<int32_t> tap_offsets(const kernels::Window& window, const Taps& taps) {
  std::vector<int32_t> offsets;
  for (int32_t t = 0; t < taps.count; ++t) {
    const int32_t y = t / taps.per_row * window.dilation_h;
    const int32_t x = t % taps.per_row * window.dilation_w;
    offsets.push_back((y * window.input_w + x) * window.channels);
  }
  return offsets;
}

// Where the windows of all output pixels begin, in elements from the image's start. Errors:
// kLimitExceeded for an image whose bytes the kernel's offsets cannot count.
Result<std::shared_ptr<Buffer>> window_offsets(Lowering& lowering, size_t index,
                                               const kernels::Window& window) {
  const auto pixel_bytes =
      static_cast<int64_t>(dtype_bytes(lowering.output_value(index).dtype)) * window.channels;
  const auto image_bytes = checked_multiply(int64_t{window.input_h} * window.input_w, pixel_bytes);
  if (!image_bytes || *image_bytes > std::numeric_limits<int32_t>::max()) {
    return lowering.refuse(index, ErrorCode::kLimitExceeded,
                           "an image of its input has more than 2^31 - 1 bytes");
  }
  const auto pixels = static_cast<size_t>(window.output_h) * static_cast<size_t>(window.output_w);
  LOWBIT_ASSIGN(auto buffer, lowering.allocate_constant(index, pixels * sizeof(int32_t)));
  auto* offset = reinterpret_cast<int32_t*>(buffer->data());
  for (int32_t y = 0; y < window.output_h; ++y) {
    for (int32_t x = 0; x < window.output_w; ++x) {
      *offset++ = (y * window.stride_h * window.input_w + x * window.stride_w) * window.channels;
    }
  }
  return buffer;
}

bool has_padding(const NodeWindow& node) {
  const kernels::Window& window = node.window;
  return window.pad_top > 0 || window.pad_left > 0 || node.pad_bottom > 0 || node.pad_right > 0;
}

bool is_plain(const kernels::Window& window) {
  return window.kernel_h == 1 && window.kernel_w == 1 && window.stride_h == 1 &&
         window.stride_w == 1;
}

// Brings `input` into a place with room for the padding around each image, so that every tap of a
// kernel row lies beside the last, also at the border. `window` becomes one over the larger images.
Result<Slot> pad_input(Lowering& lowering, size_t index, const NodeWindow& node, Slot input,
                       kernels::Window& window) {
  const Value& value = lowering.input_value(index, 0);
  const auto element_bytes = static_cast<int64_t>(dtype_bytes(value.dtype));
  const int64_t height = int64_t{window.pad_top} + window.input_h + node.pad_bottom;
  const int64_t width = int64_t{window.pad_left} + window.input_w + node.pad_right;
  const auto pixels = checked_multiply(height, width);
  const auto pixel_elements = int64_t{window.batch} * window.channels;
  const auto elements = pixels ? checked_multiply(*pixels, pixel_elements) : pixels;
  if (!elements || *elements > kMaxElements) {
    return lowering.refuse(index, ErrorCode::kLimitExceeded,
                           "its padded input would have more than 2^28 elements");
  }
  const Slot padded = lowering.make_scratch(*elements * element_bytes + kernels::kPadSlackBytes);
  const int64_t pixel_bytes = window.channels * element_bytes;
  const int32_t zero = value.dtype == DType::kU8 ? activation_params(value).zero_point : 0;
  lowering.emit(make_pad({.batch = window.batch,
                          .height = window.input_h,
                          .row_bytes = window.input_w * pixel_bytes,
                          .top = window.pad_top,
                          .bottom = node.pad_bottom,
                          .left_bytes = window.pad_left * pixel_bytes,
                          .right_bytes = node.pad_right * pixel_bytes,
                          .fill = static_cast<std::byte>(zero)},
                         input, padded),
                {input, padded});
  window.input_h = static_cast<int32_t>(height);
  window.input_w = static_cast<int32_t>(width);
  window.pad_top = window.pad_left = 0;
  return padded;
}

}  // namespace

template <>
Status lower<Op::kConv>(Lowering& lowering, size_t index) {
  if (needs_integer_product(lowering, index)) return lower_integer_conv(lowering, index);
  const Node& node = lowering.node(index);
  const auto& attributes = std::get<ConvAttributes>(node.attributes);
  LOWBIT_ASSIGN(const NodeWindow resolved, node_window(lowering, index, attributes.window, false));
  kernels::Window window = resolved.window;
  const auto columns = static_cast<int32_t>(lowering.output_value(index).shape[1]);
  const auto groups = static_cast<int32_t>(attributes.groups);
  if (groups > 1 && groups == window.channels && groups == columns) {
    return lower_depthwise(lowering, index, window);
  }

  const int32_t group_channels = window.channels / groups;
  const int32_t group_columns = columns / groups;
  const int32_t kernel_taps = window.kernel_h * window.kernel_w;
  const int64_t output_pixels = int64_t{window.output_h} * window.output_w;

  Product product;
  product.input = lowering.input_slot(index, 0);
  if (has_padding(resolved)) {
    LOWBIT_ASSIGN(product.input, pad_input(lowering, index, resolved, product.input, window));
  }
  ProductRows& rows = product.rows;
  if (is_plain(window)) {
    rows.row_depth = group_channels;
    rows.row_stride = window.channels;
    LOWBIT_ASSIGN(rows.count,
                  lowering.to_int32(index, window.batch * output_pixels, "the number of rows"));
  } else {
    const Taps taps = merge_taps(window, group_channels);
    rows.row_taps = taps.count;
    rows.row_depth = taps.depth;
    rows.repeats = window.batch;
    rows.repeat_stride = int64_t{window.input_h} * window.input_w * window.channels;
    LOWBIT_ASSIGN(rows.count, lowering.to_int32(index, output_pixels, "the number of rows"));
    rows.tap_offsets = tap_offsets(window, taps);
    LOWBIT_ASSIGN(rows.offsets, window_offsets(lowering, index, window));
  }
  product.target.row_stride = columns;
  product.target.repeat_stride = output_pixels * columns;

  // The constant is [columns][group_channels][taps] (OIHW), the product wants
  // [columns][taps][group_channels].
  ProductWeights& weights = product.weights;
  weights.weights = node.inputs[1];
  weights.column_stride = int64_t{group_channels} * kernel_taps;
  weights.tap_stride = 1;
  weights.depth_stride = kernel_taps;
  weights.columns = group_columns;
  weights.taps = kernel_taps;
  weights.depth = group_channels;
  if (node.inputs.size() > 2) weights.bias = node.inputs[2];

  product.output = lowering.make_output_slot(index);
  for (int32_t group = 0; group < groups; ++group) {
    rows.offset = int64_t{group} * group_channels;
    weights.first_channel = int64_t{group} * group_columns;
    weights.offset = weights.first_channel * weights.column_stride;
    product.target.offset = weights.first_channel;
    LOWBIT_TRY(emit_product(lowering, index, product));
  }
  return success();
}

}  // namespace lowbit::engine

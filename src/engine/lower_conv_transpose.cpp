// ConvTranspose: a matrix product makes the window of every input pixel, and windows are added
// where they overlap (Chellapilla et al. 2006, section 3, turned round). Image by image, so that
// the windows take the memory of one.
#include <limits>

#include "engine/product.h"
#include "kernels/layout/layout.h"
#include "kernels/overlap/overlap.h"

namespace lowbit::engine {

namespace {

class TransposedConvolution final : public Step {
 public:
  struct Places {
    Slot input, windows, output;
  };
  struct Sizes {
    int64_t batch, groups;
    int32_t depth, columns;  // of one group
    size_t packed_bytes;     // likewise
  };

  TransposedConvolution(const Lowering& lowering, size_t index, const Places& places,
                        const Sizes& sizes, const kernels::OverlapAdd& overlap,
                        std::shared_ptr<Buffer> packed)
      : table_(lowering.table()),
        index_(index),
        places_(places),
        sizes_(sizes),
        words_(kernels::word_offsets(kernels::kOnePiece, sizes.depth, sizeof(float))),
        packed_(std::move(packed)),
        overlap_(overlap) {
    call_.rows.count = static_cast<int32_t>(overlap.input_h * overlap.input_w);
    call_.rows.depth = sizes.depth;
    call_.rows.row_stride = static_cast<int32_t>(sizes.groups) * sizes.depth;
    call_.rows.words = words_.data();
    call_.columns = sizes.columns;
    call_.c_stride = static_cast<int32_t>(sizes.groups) * sizes.columns;
    call_.min = -std::numeric_limits<float>::infinity();
    call_.max = std::numeric_limits<float>::infinity();
  }

  void bind(const Memory& memory) override {
    input_ = memory.at<float>(places_.input);
    windows_ = memory.at<float>(places_.windows);
    overlap_.windows = windows_;
    overlap_.output = memory.at<float>(places_.output);
  }

  Status pack(PackContext& context) override {
    const Node& node = context.graph().nodes[index_];
    const auto constant = [&](size_t input) {
      return context.graph().value(node.inputs[input]).constant->data<float>().data();
    };
    if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) overlap_.bias = constant(2);
    // [depth][columns] of each group; packing wants [columns][depth].
    const int64_t count = int64_t{sizes_.depth} * sizes_.columns;
    float* const transposed = context.take<float>(count);
    for (int64_t group = 0; group < sizes_.groups; ++group) {
      kernels::nchw_to_nhwc(constant(1) + group * count, transposed, 1, sizes_.depth, 1,
                            sizes_.columns, sizeof(float));
      table_.pack_matmul_f32({.weights = transposed,
                              .columns = sizes_.columns,
                              .depth = sizes_.depth,
                              .packed = packed(group)});
    }
    return success();
  }

  void run() const override {
    kernels::OverlapAdd overlap = overlap_;
    for (int64_t n = 0; n < sizes_.batch; ++n) {
      for (int64_t group = 0; group < sizes_.groups; ++group) {
        kernels::MatmulF32 call = call_;
        call.packed = packed(group);
        call.rows.a = input_ + n * call.rows.count * call.rows.row_stride + group * sizes_.depth;
        call.c = windows_ + group * sizes_.columns;
        table_.matmul_f32(call);
      }
      kernels::overlap_add(overlap);
      overlap.output += overlap.output_h * overlap.output_w * overlap.channels;
    }
  }

 private:
  std::byte* packed(int64_t group) const {
    return packed_->data() + static_cast<size_t>(group) * sizes_.packed_bytes;
  }

  const kernels::KernelTable table_;
  size_t index_;
  Places places_;
  Sizes sizes_;
  std::vector<int32_t> words_;
  std::shared_ptr<Buffer> packed_;
  kernels::MatmulF32 call_;
  kernels::OverlapAdd overlap_;
  const float* input_ = nullptr;
  float* windows_ = nullptr;
};

kernels::OverlapAdd overlap_of(const ConvTransposeAttributes& attributes, const Shape& input,
                               const Shape& output) {
  const WindowAttributes& window = attributes.window;
  return {.input_h = input[2],
          .input_w = input[3],
          .output_h = output[2],
          .output_w = output[3],
          .channels = output[1],
          .kernel_h = window.kernel.h,
          .kernel_w = window.kernel.w,
          .stride_h = window.stride.h,
          .stride_w = window.stride.w,
          .dilation_h = window.dilation.h,
          .dilation_w = window.dilation.w,
          .pad_top = window.padding.top,
          .pad_left = window.padding.left};
}

}  // namespace

template <>
Status lower<Op::kConvTranspose>(Lowering& lowering, size_t index) {
  LOWBIT_TRY(check_f32_constants(lowering, index));
  const auto& attributes = std::get<ConvTransposeAttributes>(lowering.node(index).attributes);
  const Shape& x = lowering.input_value(index, 0).shape;
  const kernels::OverlapAdd overlap = overlap_of(attributes, x, lowering.output_value(index).shape);
  const int64_t all_columns = overlap.channels * overlap.kernel_h * overlap.kernel_w;
  LOWBIT_TRY(lowering.to_int32(index, all_columns, "the size of a window"));
  TransposedConvolution::Sizes sizes{};
  sizes.batch = x[0];
  sizes.groups = attributes.groups;
  sizes.depth = static_cast<int32_t>(x[1] / attributes.groups);
  sizes.columns = static_cast<int32_t>(all_columns / attributes.groups);
  const size_t bytes =
      kernels::packed_matmul_f32_bytes(lowering.tier(), sizes.columns, 1, sizes.depth);
  sizes.packed_bytes = static_cast<size_t>(PackContext::pack_room(static_cast<int64_t>(bytes), 1));
  LOWBIT_ASSIGN(auto packed,
                lowering.allocate_constant(
                    index, sizes.packed_bytes * static_cast<size_t>(attributes.groups)));
  lowering.reserve_pack_room(
      PackContext::pack_room(int64_t{sizes.depth} * sizes.columns, sizeof(float)));
  const Slot input = lowering.input_slot(index, 0, Layout::kChannelsLast);
  const Slot windows = lowering.make_scratch(overlap.input_h * overlap.input_w * all_columns *
                                             int64_t{sizeof(float)});
  const Slot output = lowering.make_output_slot(index, Layout::kChannelsLast);
  const TransposedConvolution::Places places{input, windows, output};
  lowering.emit(std::make_unique<TransposedConvolution>(lowering, index, places, sizes, overlap,
                                                        std::move(packed)),
                {input, windows, output});
  return success();
}

}  // namespace lowbit::engine

#include "engine/steps.h"

#include <cstring>

#include "base/text.h"

namespace lowbit::engine {

namespace {

class CopyStep final : public Step {
 public:
  explicit CopyStep(const CopyRows& copy) : copy_(copy) {}

  void bind(const Memory& memory) override {
    input_ = memory.at<std::byte>(copy_.input);
    output_ = memory.at<std::byte>(copy_.output) + copy_.output_offset;
  }

  void run() const override {
    const auto row_bytes = static_cast<size_t>(copy_.row_bytes);
    for (int64_t row = 0; row < copy_.rows; ++row) {
      std::memcpy(output_ + row * copy_.output_stride, input_ + row * copy_.row_bytes, row_bytes);
    }
  }

 private:
  CopyRows copy_;
  const std::byte* input_ = nullptr;
  std::byte* output_ = nullptr;
};

class TransposeStep final : public Step {
 public:
  explicit TransposeStep(const Transpose& transpose) : transpose_(transpose) {}

  void bind(const Memory& memory) override {
    input_ = memory.at<std::byte>(transpose_.input);
    output_ = memory.at<std::byte>(transpose_.output);
  }

  // Rows are the channels of an image of height 1.
  void run() const override {
    kernels::nchw_to_nhwc(input_, output_, transpose_.batch, transpose_.rows, 1, transpose_.columns,
                          transpose_.element_bytes);
  }

 private:
  Transpose transpose_;
  const std::byte* input_ = nullptr;
  std::byte* output_ = nullptr;
};

class TableStep final : public Step {
 public:
  TableStep(void (*kernel)(const kernels::LookupU8&), const TableLookup& lookup)
      : kernel_(kernel), lookup_(lookup) {
    arguments_.rows = lookup.rows;
    arguments_.columns = lookup.columns;
    arguments_.output_stride = lookup.output_stride;
  }

  void bind(const Memory& memory) override {
    arguments_.input = memory.at<uint8_t>(lookup_.input);
    arguments_.output = memory.at<uint8_t>(lookup_.output) + lookup_.output_offset;
    arguments_.table = lookup_.table.data();
  }

  void run() const override { kernel_(arguments_); }

 private:
  void (*kernel_)(const kernels::LookupU8&);
  TableLookup lookup_;
  kernels::LookupU8 arguments_;
};

}  // namespace

ActivationParams activation_params(const Value& value) {
  const QuantParams& quant = *value.quant;
  return {.scale = quant.scale[0],
          .zero_point = quant.zero_point[0],
          .qmin = quant.qmin,
          .qmax = quant.qmax};
}

ActivationParams narrowed(const ActivationParams& output, const ClipAttributes& activation) {
  ActivationParams narrow = output;
  narrow.qmin = quantize(activation.min, output.scale, output.zero_point, output.qmin, output.qmax);
  narrow.qmax = quantize(activation.max, output.scale, output.zero_point, output.qmin, output.qmax);
  return narrow;
}

Result<Precision> node_precision(const Lowering& lowering, size_t node) {
  const std::vector<ValueId>& inputs = lowering.node(node).inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == kNoValue || (i > 0 && lowering.value(inputs[i]).constant)) continue;
    LOWBIT_TRY(check_like_output(lowering, node, i));
  }
  return lowering.output_value(node).quant ? Precision::kU8 : Precision::kF32;
}

Status check_like_output(const Lowering& lowering, size_t node, size_t input) {
  const Value& value = lowering.input_value(node, input);
  const Value& output = lowering.output_value(node);
  const bool is_alike = value.dtype == output.dtype &&
                        value.quant.has_value() == output.quant.has_value() &&
                        (!value.quant || value.quant->per_tensor());
  if (is_alike) return success();
  const auto describe = [](const Value& described) {
    return std::string(dtype_name(described.dtype)) + (described.quant ? ", quantized" : "");
  };
  return lowering.refuse(node, ErrorCode::kUnsupportedFeature,
                         format_text("input '{}' is {} and the output is {}; they must be alike, "
                                     "quantized per tensor or not at all",
                                     value.name, describe(value), describe(output)));
}

std::unique_ptr<Step> make_copy(const CopyRows& copy) { return std::make_unique<CopyStep>(copy); }

std::unique_ptr<Step> make_pad(const kernels::PadImages& pad, Slot input, Slot output) {
  return make_step(&kernels::pad_images, pad,
                   [input, output](kernels::PadImages& arguments, const Memory& memory) {
                     arguments.input = memory.at<std::byte>(input);
                     arguments.output = memory.at<std::byte>(output);
                   });
}

std::unique_ptr<Step> make_transpose(const Transpose& transpose) {
  return std::make_unique<TransposeStep>(transpose);
}

std::unique_ptr<Step> make_table_lookup(const kernels::KernelTable& kernels,
                                        const TableLookup& lookup) {
  return std::make_unique<TableStep>(kernels.lookup_u8, lookup);
}

ByteTable rescale_table(const ActivationParams& input, const ActivationParams& output) {
  return lowbit::rescale_table({.input_scale = input.scale,
                                .output_scale = output.scale,
                                .input_zero_point = input.zero_point,
                                .output_zero_point = output.zero_point,
                                .qmin = output.qmin,
                                .qmax = output.qmax});
}

}  // namespace lowbit::engine

// Steps that several operators share: moving bytes, tables of 256 bytes, and the parameters of
// quantized activations.
#pragma once

#include <memory>

#include "engine/lowering.h"
#include "kernels/layout/layout.h"
#include "qmath/rescale.h"

namespace lowbit::engine {

// Scale and range of an activation, uint8 per tensor.
struct ActivationParams {
  float scale = 1;
  int32_t zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
  bool operator==(const ActivationParams&) const = default;
};
ActivationParams activation_params(const Value& value);

// The output's range, narrowed to the bounds of the activation fused into the node.
ActivationParams narrowed(const ActivationParams& output, const ClipAttributes& activation);

// What a node computes on, which is what its output is: quantized uint8, or float32 (and, where
// elements only move, any other type). Errors: kUnsupportedFeature when its first input, or another
// input that is not a constant, is something else.
enum class Precision : uint8_t { kF32, kU8 };
Result<Precision> node_precision(const Lowering& lowering, size_t node);

// Errors: kUnsupportedFeature unless the input is float32 like the output, or uint8 quantized per
// tensor like it.
Status check_like_output(const Lowering& lowering, size_t node, size_t input);

// `rows` rows of `row_bytes`, dense in the input, `output_stride` bytes apart in the output from
// `output_offset` on.
struct CopyRows {
  Slot input = kNoSlot;
  Slot output = kNoSlot;
  int64_t rows = 1;
  int64_t row_bytes = 0;
  int64_t output_stride = 0;
  int64_t output_offset = 0;
};
std::unique_ptr<Step> make_copy(const CopyRows& copy);

// Its pointers are filled in by the step. The output has kernels::kPadSlackBytes more than the
// images.
std::unique_ptr<Step> make_pad(const kernels::PadImages& pad, Slot input, Slot output);

// output[b][j][i] = input[b][i][j]; input is [batch][rows][columns].
struct Transpose {
  Slot input = kNoSlot;
  Slot output = kNoSlot;
  int64_t batch = 1;
  int64_t rows = 1;
  int64_t columns = 1;
  size_t element_bytes = 1;
};
std::unique_ptr<Step> make_transpose(const Transpose& transpose);

// output = table[input], rows as in CopyRows.
struct TableLookup {
  Slot input = kNoSlot;
  Slot output = kNoSlot;
  ByteTable table{};
  int64_t rows = 1;
  int32_t columns = 0;
  int64_t output_stride = 0;
  int64_t output_offset = 0;
};
std::unique_ptr<Step> make_table_lookup(const kernels::KernelTable& kernels,
                                        const TableLookup& lookup);

// The table from one value's parameters to another's (qmath/rescale.h).
ByteTable rescale_table(const ActivationParams& input, const ActivationParams& output);

// A step whose kernel takes plain arrays: `bind` puts the addresses into the arguments.
template <class Arguments, class Bind>
class KernelStep final : public Step {
 public:
  KernelStep(void (*kernel)(const Arguments&), const Arguments& arguments, Bind bind)
      : kernel_(kernel), arguments_(arguments), bind_(bind) {}
  void bind(const Memory& memory) override { bind_(arguments_, memory); }
  void run() const override { kernel_(arguments_); }

 private:
  void (*kernel_)(const Arguments&);
  Arguments arguments_;
  Bind bind_;
};

template <class Arguments, class Bind>
std::unique_ptr<Step> make_step(void (*kernel)(const Arguments&), const Arguments& arguments,
                                Bind bind) {
  return std::make_unique<KernelStep<Arguments, Bind>>(kernel, arguments, bind);
}

// The most common form: one array in, one array of the same kind of index out.
template <class In, class Out, class Arguments>
std::unique_ptr<Step> make_unary_step(void (*kernel)(const Arguments&), const Arguments& arguments,
                                      Slot input, Slot output) {
  return make_step(kernel, arguments, [input, output](Arguments& a, const Memory& memory) {
    a.input = memory.at<In>(input);
    a.output = memory.at<Out>(output);
  });
}

}  // namespace lowbit::engine

// Add, with numpy's broadcasting. The kernel adds arrays of equal length, so an operand that is
// repeated inside an image is spread out first, a constant once and an activation at every run; one
// that is repeated along the outermost axis only is used again and again.
#include "engine/lower_broadcast.h"
#include "engine/steps.h"

namespace lowbit::engine {

namespace {

// An operand as the kernel reads it: `stride` elements between the outermost repeats, or 0.
struct AddOperand {
  Slot slot = kNoSlot;
  int64_t stride = 0;
};

// Element: float or uint8_t.
template <class Element>
class SpreadStep final : public Step {
 public:
  SpreadStep(Slot input, Slot output, const StridedView& view)
      : input_slot_(input), output_slot_(output), view_(view) {}

  void bind(const Memory& memory) override {
    input_ = memory.at<Element>(input_slot_);
    output_ = memory.at<Element>(output_slot_);
  }
  void run() const override { copy_strided(input_, view_, output_); }

 private:
  Slot input_slot_;
  Slot output_slot_;
  StridedView view_;
  const Element* input_ = nullptr;
  Element* output_ = nullptr;
};

// Call: kernels::AddF32 or kernels::AddU8, with everything but the addresses.
template <class Call, class Element>
class AddStep final : public Step {
 public:
  AddStep(void (*kernel)(const Call&), const Call& call, int64_t repeats, const AddOperand& a,
          const AddOperand& b, Slot output)
      : kernel_(kernel), call_(call), repeats_(repeats), a_(a), b_(b), output_(output) {}

  void bind(const Memory& memory) override {
    call_.a = memory.at<Element>(a_.slot);
    call_.b = memory.at<Element>(b_.slot);
    call_.output = memory.at<Element>(output_);
  }

  void run() const override {
    Call call = call_;
    for (int64_t repeat = 0; repeat < repeats_; ++repeat) {
      kernel_(call);
      call.a += a_.stride;
      call.b += b_.stride;
      call.output += call.count;
    }
  }

 private:
  void (*kernel_)(const Call&);
  Call call_;
  int64_t repeats_;
  AddOperand a_;
  AddOperand b_;
  Slot output_;
};

bool is_repeated_outermost(const StridedView& view) {
  return view.dims.rank() > 0 && view.dims[0] > 1 && view.strides[0] == 0;
}

AddOperand add_operand(Lowering& lowering, size_t index, size_t operand, int64_t inner_count) {
  const Value& value = lowering.input_value(index, operand);
  const Layout layout = value.constant ? Layout::kRowMajor : activation_layout(value.shape);
  StridedView view = broadcast_view(value.shape, layout, lowering.output_value(index).shape);
  AddOperand result;
  result.stride = inner_count;
  if (is_repeated_outermost(view)) {
    view.dims[0] = 1;
    result.stride = 0;
  }
  if (value.constant) {
    result.slot = lowering.lay_out_constant(lowering.node(index).inputs[operand], view);
    return result;
  }
  const Slot slot = lowering.input_slot(index, operand);
  if (view.is_dense()) {
    result.slot = slot;
    return result;
  }
  const int64_t count = product(view.dims, 0, view.dims.rank());
  result.slot = lowering.make_scratch(count * static_cast<int64_t>(dtype_bytes(value.dtype)));
  if (value.dtype == DType::kU8) {
    lowering.emit(std::make_unique<SpreadStep<uint8_t>>(slot, result.slot, view),
                  {slot, result.slot});
  } else {
    lowering.emit(std::make_unique<SpreadStep<float>>(slot, result.slot, view),
                  {slot, result.slot});
  }
  return result;
}

// The sum may be written over an operand that nobody needs any more and that has the output's
// shape.
Slot add_output_slot(Lowering& lowering, size_t index) {
  const Node& node = lowering.node(index);
  for (size_t operand = 0; operand < 2; ++operand) {
    const bool has_output_shape =
        lowering.input_value(index, operand).shape == lowering.output_value(index).shape;
    if (has_output_shape && lowering.may_overwrite(index, node.inputs[operand])) {
      const Slot slot = lowering.input_slot(index, operand);
      lowering.reuse_slot_for_output(index, slot);
      return slot;
    }
  }
  return lowering.make_output_slot(index);
}

kernels::AddF32 add_f32(const ClipAttributes& activation) {
  return {.min = activation.min, .max = activation.max};
}

kernels::AddU8 add_u8(const Lowering& lowering, size_t index) {
  const ActivationParams a = activation_params(lowering.input_value(index, 0));
  const ActivationParams b = activation_params(lowering.input_value(index, 1));
  const ActivationParams output =
      narrowed(activation_params(lowering.output_value(index)), lowering.node(index).activation);
  return {.params = {.a_ratio = a.scale / output.scale,
                     .b_ratio = b.scale / output.scale,
                     .a_zero_point = a.zero_point,
                     .b_zero_point = b.zero_point,
                     .output_zero_point = output.zero_point,
                     .qmin = output.qmin,
                     .qmax = output.qmax}};
}

}  // namespace

template <>
Status lower<Op::kAdd>(Lowering& lowering, size_t index) {
  const Value& sum = lowering.output_value(index);
  if (!sum.quant && sum.dtype != DType::kF32) {
    return lower_binary(lowering, index, BinaryFunction::kAdd);
  }
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Shape dims = memory_shape(sum.shape);
  const int64_t total = product(dims, 0, dims.rank());
  const int64_t outer = dims.rank() == 0 ? 1 : dims[0];
  LOWBIT_TRY(check_like_output(lowering, index, 1));
  AddOperand a = add_operand(lowering, index, 0, total / outer);
  AddOperand b = add_operand(lowering, index, 1, total / outer);
  int64_t repeats = outer;
  if (a.stride == b.stride) {
    // Neither repeats: an output's dimension above 1 comes from one of them.
    repeats = 1;
    a.stride = b.stride = 0;
  }
  const Slot output = add_output_slot(lowering, index);
  const int64_t count = total / repeats;
  if (precision == Precision::kF32) {
    kernels::AddF32 call = add_f32(lowering.node(index).activation);
    call.count = count;
    lowering.emit(std::make_unique<AddStep<kernels::AddF32, float>>(lowering.table().add_f32, call,
                                                                    repeats, a, b, output),
                  {a.slot, b.slot, output});
  } else {
    kernels::AddU8 call = add_u8(lowering, index);
    call.count = count;
    lowering.emit(std::make_unique<AddStep<kernels::AddU8, uint8_t>>(lowering.table().add_u8, call,
                                                                     repeats, a, b, output),
                  {a.slot, b.slot, output});
  }
  return success();
}

}  // namespace lowbit::engine

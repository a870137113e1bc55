// Cast and Not: each element on its own, of any type. Shape: known once the plan is made.
#include "engine/steps.h"
#include "kernels/cast/cast.h"

namespace lowbit::engine {

namespace {

// Writes what is known already.
class DimensionsStep final : public Step {
 public:
  DimensionsStep(Slot output, std::span<const int64_t> dims)
      : slot_(output), dims_(dims.begin(), dims.end()) {}

  void bind(const Memory& memory) override { output_ = memory.at<int64_t>(slot_); }
  void run() const override {
    for (size_t i = 0; i < dims_.size(); ++i) output_[i] = dims_[i];
  }

 private:
  Slot slot_;
  std::vector<int64_t> dims_;
  int64_t* output_ = nullptr;
};

}  // namespace

template <>
Status lower<Op::kCast>(Lowering& lowering, size_t index) {
  const Value& to = lowering.output_value(index);
  const Layout layout = lowering.input_layout(index, 0);
  const Slot input = lowering.input_slot(index, 0, layout);
  const Slot output = lowering.make_output_slot(index, layout);
  const kernels::Cast call{
      .count = *to.shape.element_count(),
      .from = lowering.input_value(index, 0).dtype,
      .to = to.dtype,
      .to_half = std::get<CastAttributes>(lowering.node(index).attributes).to_half};
  lowering.emit(make_unary_step<std::byte, std::byte>(&kernels::cast, call, input, output),
                {input, output});
  return success();
}

template <>
Status lower<Op::kNot>(Lowering& lowering, size_t index) {
  const Layout layout = lowering.input_layout(index, 0);
  const Slot input = lowering.input_slot(index, 0, layout);
  const Slot output = lowering.make_output_slot_in_place(index, layout);
  const kernels::LogicalNot call{.count = *lowering.output_value(index).shape.element_count()};
  lowering.emit(make_unary_step<bool, bool>(&kernels::logical_not, call, input, output),
                {input, output});
  return success();
}

template <>
Status lower<Op::kShape>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<ShapeAttributes>(lowering.node(index).attributes);
  const Shape& shape = lowering.input_value(index, 0).shape;
  const int64_t count = *lowering.output_value(index).shape.element_count();
  const int64_t start = attributes.start < 0 ? attributes.start + shape.rank() : attributes.start;
  const auto first = static_cast<size_t>(std::max<int64_t>(start, 0));
  const Slot output = lowering.make_output_slot(index);
  lowering.emit(std::make_unique<DimensionsStep>(
                    output, shape.dims().subspan(first, static_cast<size_t>(count))),
                {output});
  return success();
}

}  // namespace lowbit::engine

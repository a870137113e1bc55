// Functions of two values (qmath/binary.inc) and Where: operands that broadcast, of any type.
#include "engine/lower_broadcast.h"
#include "engine/broadcast.h"
#include "engine/steps.h"
#include "kernels/binary/binary.h"
#include "kernels/mul/mul.h"

namespace lowbit::engine {

namespace {

Status lower_mul_u8(Lowering& lowering, size_t index) {
  LOWBIT_TRY(check_like_output(lowering, index, 0));
  LOWBIT_TRY(check_like_output(lowering, index, 1));
  const ActivationParams to = activation_params(lowering.output_value(index));
  const ActivationParams of_a = activation_params(lowering.input_value(index, 0));
  const ActivationParams of_b = activation_params(lowering.input_value(index, 1));
  const Broadcast walk = broadcast_operands(lowering, index);
  const Slot a = walk.operands[0].slot;
  const Slot b = walk.operands[1].slot;
  const Slot output = broadcast_output_slot(lowering, index);
  const kernels::MulU8 call{.dims = walk.dims,
                            .a_strides = walk.operands[0].strides,
                            .b_strides = walk.operands[1].strides,
                            .params = {.ratio = of_a.scale * of_b.scale / to.scale,
                                       .a_zero_point = of_a.zero_point,
                                       .b_zero_point = of_b.zero_point,
                                       .output_zero_point = to.zero_point,
                                       .qmin = to.qmin,
                                       .qmax = to.qmax}};
  lowering.emit(make_step(&kernels::mul_u8, call,
                          [a, b, output](kernels::MulU8& arguments, const Memory& memory) {
                            arguments.a = memory.at<uint8_t>(a);
                            arguments.b = memory.at<uint8_t>(b);
                            arguments.output = memory.at<uint8_t>(output);
                          }),
                {a, b, output});
  return success();
}

}  // namespace

Status lower_binary(Lowering& lowering, size_t index, BinaryFunction function) {
  // The only one that has an integer form.
  if (lowering.output_value(index).quant) return lower_mul_u8(lowering, index);
  const Broadcast walk = broadcast_operands(lowering, index);
  const Slot a = walk.operands[0].slot;
  const Slot b = walk.operands[1].slot;
  const Slot output = broadcast_output_slot(lowering, index);
  const kernels::Binary call{.dims = walk.dims,
                             .a_strides = walk.operands[0].strides,
                             .b_strides = walk.operands[1].strides,
                             .function = function,
                             .type = lowering.input_value(index, 0).dtype};
  lowering.emit(make_step(&kernels::binary, call,
                          [a, b, output](kernels::Binary& arguments, const Memory& memory) {
                            arguments.a = memory.at<std::byte>(a);
                            arguments.b = memory.at<std::byte>(b);
                            arguments.output = memory.at<std::byte>(output);
                          }),
                {a, b, output});
  return success();
}

#define LOWBIT_BINARY(name, opset, result, integer)                \
  template <>                                                      \
  Status lower<Op::k##name>(Lowering & lowering, size_t index) {   \
    return lower_binary(lowering, index, BinaryFunction::k##name); \
  }
#include "qmath/binary.inc"
#undef LOWBIT_BINARY

template <>
Status lower<Op::kWhere>(Lowering& lowering, size_t index) {
  const Broadcast walk = broadcast_operands(lowering, index);
  const Slot condition = walk.operands[0].slot;
  const Slot a = walk.operands[1].slot;
  const Slot b = walk.operands[2].slot;
  const Slot output = lowering.make_output_slot(index);
  const kernels::Select call{.dims = walk.dims,
                             .condition_strides = walk.operands[0].strides,
                             .a_strides = walk.operands[1].strides,
                             .b_strides = walk.operands[2].strides,
                             .element_bytes = dtype_bytes(lowering.output_value(index).dtype)};
  lowering.emit(
      make_step(&kernels::select, call,
                [condition, a, b, output](kernels::Select& arguments, const Memory& memory) {
                  arguments.condition = memory.at<bool>(condition);
                  arguments.a = memory.at<std::byte>(a);
                  arguments.b = memory.at<std::byte>(b);
                  arguments.output = memory.at<std::byte>(output);
                }),
      {condition, a, b, output});
  return success();
}

}  // namespace lowbit::engine

// Functions of two values (qmath/binary.inc) and Where: operands that broadcast, of any type.
#include "engine/lower_broadcast.h"
#include "engine/broadcast.h"
#include "engine/steps.h"
#include "kernels/binary/binary.h"

namespace lowbit::engine {

Status lower_binary(Lowering& lowering, size_t index, BinaryFunction function) {
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

#define LOWBIT_BINARY(name, opset, result)                         \
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

// What lower_add.cpp shares with lower_broadcast.cpp.
#pragma once

#include "engine/lowering.h"
#include "qmath/binary.h"

namespace lowbit::engine {

// y = f(a, b) of the node's two inputs, neither quantized.
Status lower_binary(Lowering& lowering, size_t index, BinaryFunction function);

}  // namespace lowbit::engine

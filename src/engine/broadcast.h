// Operands of operators that broadcast: where each lies, and how it is walked beside the others.
#pragma once

#include <span>
#include <vector>

#include "engine/lowering.h"

namespace lowbit::engine {

struct BroadcastOperand {
  Slot slot = kNoSlot;
  std::array<int64_t, kMaxRank> strides{};  // along Broadcast::dims; 0 repeats
};

// The walk over a node's output in memory order, in the engine's layout. Neighbouring dimensions
// that all operands walk as one are one.
struct Broadcast {
  Shape dims;
  std::vector<BroadcastOperand> operands;  // one per input of the node
};

// All inputs of the node must be given. Each is read where it lies.
Broadcast broadcast_operands(Lowering& lowering, size_t node);

// The walk over `axes` of its dimensions in that order; the others are 1 long. Joined likewise.
Broadcast reordered(const Broadcast& walk, std::span<const int> axes);

// A place for the output: that of an operand which nobody needs any more and which has the output's
// shape, layout and type, else a new one.
Slot broadcast_output_slot(Lowering& lowering, size_t node);

}  // namespace lowbit::engine

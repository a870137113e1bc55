// What a Plan holds.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"
#include "engine/lowering.h"

namespace lowbit {

// How an input or output passes between the caller's NCHW tensor and its place in the arena.
struct Transfer {
  ValueId id = kNoValue;
  std::byte* place = nullptr;
  size_t byte_count = 0;
  bool needs_layout = false;  // NCHW outside, NHWC inside
};

// What NodeOverride is given, made once for each overridden node.
struct OverrideViews {
  size_t node = 0;
  std::vector<ValueView> inputs;
  ValueView output;
};

struct Plan::State {
  Graph graph;
  PlanOptions options;
  engine::Lowered lowered;
  engine::ArenaLayout layout;
  engine::Memory memory;
  std::shared_ptr<Buffer> arena;
  std::shared_ptr<Buffer> pack_room;
  std::vector<Transfer> inputs;
  std::vector<Transfer> outputs;
  std::vector<bool> is_readable;         // per value: view() may show it
  std::vector<OverrideViews> overrides;  // in order of execution

  // A view of the value as it lies in the arena, or of the constant.
  ValueView view_of(ValueId id);
  // Packs all constants from `graph`.
  Status pack();
  void make_override_views();

  Status read_inputs(std::span<const Tensor> tensors);
  Status run_nodes(const Taps& taps);
  Result<std::vector<Tensor>> write_outputs() const;
};

}  // namespace lowbit

// What a Plan holds.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"
#include "engine/lowering.h"

namespace lowbit {

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
  std::vector<ValueView> inputs;         // row-major, for the caller to write before a run
  std::vector<ValueView> outputs;        // row-major, for the caller to read after it
  std::vector<bool> is_readable;         // per value: view() may show it
  std::vector<OverrideViews> overrides;  // in order of execution

  // A view of the value as it lies in the arena, or of the constant.
  ValueView view_of(ValueId id);
  // Packs all constants from `graph`.
  Status pack();
  void make_override_views();

  Status read_inputs(std::span<const Tensor> tensors) const;
  void run_steps(size_t first, size_t last) const;
  Status run_nodes(const Taps& taps);
  Result<std::vector<Tensor>> write_outputs() const;
};

}  // namespace lowbit

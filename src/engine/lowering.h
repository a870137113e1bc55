// Lowering: from the nodes of a specialized graph to steps over places in the arena. One function
// per operator (lower_*.cpp), which uses a Lowering to find where its inputs lie, to make a place
// for its output, and to emit its steps in order of execution.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/byte_functions.h"
#include "engine/engine.h"
#include "engine/layout.h"
#include "engine/step.h"
#include "kernels/kernels.h"

namespace lowbit::engine {

// A constant that a node reads as an activation: it has a place of its own, filled when constants
// are packed.
struct LaidOutConstant {
  ValueId value = kNoValue;
  Slot slot = kNoSlot;
  StridedView view;
};

// The steps of one node: [first_step, last_step).
struct NodeSteps {
  size_t first_step = 0;
  size_t last_step = 0;
  bool overridden = false;
};

// Where a value lies as it was made, and in which layout; once a node wants it in the other one,
// also there.
struct ValuePlace {
  Slot slot = kNoSlot;  // kNoSlot: a constant, or a value that nobody makes
  Layout layout = Layout::kRowMajor;
  Slot moved = kNoSlot;
};

struct Lowered {
  // Those before the first node's and after the last one's bring graph inputs and outputs into
  // another layout.
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<NodeSteps> nodes;     // one per node of the graph
  std::vector<ValuePlace> values;   // one per value
  std::vector<Slot> inputs;         // of the graph, row-major
  std::vector<Slot> outputs;        // of the graph, row-major
  std::vector<ArenaRequest> slots;  // one per Slot
  std::vector<LaidOutConstant> constants;
  int64_t constant_bytes = 0;   // of packed weights and tables
  int64_t pack_room_bytes = 0;  // the most that one step's pack() takes
};

class Lowering {
 public:
  // `graph` is specialized, and outlives the Lowering.
  Lowering(const Graph& graph, const PlanOptions& options);

  const Graph& graph() const { return graph_; }
  const Node& node(size_t index) const { return graph_.nodes[index]; }
  const Value& value(ValueId id) const { return graph_.value(id); }
  const Value& input_value(size_t node, size_t index) const;
  const Value& output_value(size_t node) const;
  Tier tier() const { return tier_; }
  const kernels::KernelTable& table() const { return table_; }

  // Null unless conversions are joined.
  const ByteFunctions* byte_functions() const {
    return byte_functions_ ? &*byte_functions_ : nullptr;
  }

  // The place of a value that the node reads as an activation, in the engine's layout or in
  // `layout`. Emits the step that brings it there, unless it lies there.
  Slot input_slot(size_t node, size_t index);
  Slot input_slot(size_t node, size_t index, Layout layout);
  // The layout in which that value was made.
  Layout input_layout(size_t node, size_t index) const;
  // True when the node's output leaves the graph and no node reads it.
  bool only_leaves(size_t node) const;
  // A new place for the node's output, in the engine's layout or in `layout`.
  Slot make_output_slot(size_t node);
  Slot make_output_slot(size_t node, Layout layout);
  // Makes the node's output live where one of its inputs, or a scratch place, is now.
  void reuse_slot_for_output(size_t node, Slot slot);
  void reuse_slot_for_output(size_t node, Slot slot, Layout layout);
  // True when nothing reads the value after this node, so that the node may write over it.
  bool may_overwrite(size_t node, ValueId id) const;
  // The place of the node's output when its kernel may write over its first input: that input's own
  // if nothing reads it later, else a new one. Both have equally many bytes.
  Slot make_output_slot_in_place(size_t node);
  Slot make_output_slot_in_place(size_t node, Layout layout);
  // Makes the node's output live where the first input of node `reader` does, now and until the run
  // ends.
  void share_slot_for_output(size_t node, size_t reader);
  // A place for intermediate bytes. It lives from the first to the last step that touches it.
  Slot make_scratch(int64_t bytes);
  // A place that holds elements of a constant, in the order of `view`, for as long as the plan
  // lives.
  Slot lay_out_constant(ValueId id, const StridedView& view);

  // Appends a step, which reads or writes the `touched` places.
  void emit(std::unique_ptr<Step> step, std::initializer_list<Slot> touched);

  // Memory for packed constants. Errors: kLimitExceeded, kOutOfMemory, naming the node.
  Result<std::shared_ptr<Buffer>> allocate_constant(size_t node, size_t bytes);
  void reserve_pack_room(int64_t bytes);

  // An error that names the node: "node 'conv1' (Conv): <message>".
  Failure refuse(size_t node, ErrorCode code, const Text& message) const;
  // kLimitExceeded when `number`, which is called `what`, does not fit a kernel's argument.
  Result<int32_t> to_int32(size_t node, int64_t number, const char* what) const;

 private:
  friend Result<Lowered> lower_graph(const Graph&, const PlanOptions&);

  Slot new_slot(int64_t bytes);
  void touch(Slot slot);
  Slot slot_in_layout(ValueId id, Layout layout);
  void keep_engine_layout(ValueId id);
  void keep_if_asked(ValueId id);
  Status lower_inputs();
  Status lower_nodes(const PlanOptions& options);
  Status lower_outputs();

  const Graph& graph_;
  Tier tier_;
  kernels::KernelTable table_;
  bool keep_values_;
  bool is_engine_layout_kept_;       // every value lies in the engine's layout
  std::vector<size_t> last_reader_;  // per value: the last node that reads it
  std::vector<bool> pinned_;         // per value: keeps its place until the run ends
  std::optional<ByteFunctions> byte_functions_;
  int32_t now_ = 0;
  Lowered lowered_;
};

// Bytes of an activation; every shape of a specialized graph has an element count.
int64_t value_bytes(const Value& value);

// Errors: kUnsupportedFeature, kLimitExceeded, kOutOfMemory, each naming the node or value.
Result<Lowered> lower_graph(const Graph& graph, const PlanOptions& options);

// Emits the steps of node `index`, whose operator is `op`.
template <Op op>
Status lower(Lowering& lowering, size_t index);

#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) \
  template <>                                                                  \
  Status lower<Op::k##name>(Lowering & lowering, size_t index);
#include "graph/ops.inc"
#undef LOWBIT_OP

}  // namespace lowbit::engine

// The executor, one for FP32 and quantized graphs: make_plan() decides everything once (shapes,
// layouts, one arena with lifetimes, packed weights, kernels); run() only calls kernels and
// allocates nothing but its results.
//
//   Result<Plan> plan = make_plan(graph, {Shape{1, 1, 28, 28}}, {});
//   Result<std::vector<Tensor>> logits = plan->run({image});
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "kernels/tier.h"
#include "kernels/tiles.h"

namespace lowbit {

// A look at a value while a plan runs. `data` is valid only during the call. 4-D activations lie in
// NHWC (`channels_last`) or, mostly inputs and outputs, in NCHW; `shape` is always the graph's, in
// ONNX's axes (NCHW).
struct ValueView {
  ValueId id = kNoValue;
  DType dtype = DType::kF32;
  Shape shape;
  bool channels_last = false;
  std::byte* data = nullptr;
  const QuantParams* quant = nullptr;  // null for reals

  int64_t element_count() const { return shape.element_count().value_or(0); }
  template <class T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(data), static_cast<size_t>(element_count())};
  }
};

// What a caller may watch while a plan runs; empty members cost nothing.
struct Taps {
  // Called for every graph input and after every node with its output, in order of execution. An
  // Error stops the run.
  std::function<Status(const ValueView&)> on_value{};
  // Called after every node with the index of the node in Plan::graph().nodes and its wall-clock
  // time.
  std::function<void(size_t node, double milliseconds)> on_time{};
};

// Computes a node in place of the engine's kernel (train/: batch norm with batch statistics,
// dropout, fake quantization).
using NodeOverride =
    std::function<Status(size_t node, std::span<const ValueView> inputs, const ValueView& output)>;

// No plan takes more memory for its activations, nor for its packed constants.
inline constexpr int64_t kMaxPlanBytes = int64_t{1} << 30;

struct PlanOptions {
  Tier tier = Tier::kSimd128;
  Tiles tiles = {};
  // Every value keeps a place of its own in the arena, readable through Plan::view() after run(),
  // 4-D ones in NHWC: for training.
  bool keep_values = false;
  // A DequantizeLinear and the QuantizeLinear behind it are one step, or none (byte_functions.h):
  // Taps see nothing of the reals between. Not together with the others here.
  bool joins_conversions = false;
  // Nodes for which `is_overridden` answers true run `override_node` instead of a kernel.
  std::function<bool(const Node&)> is_overridden{};
  NodeOverride override_node{};
};

class Plan {
 public:
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  // One tensor per graph input, of the planned shapes and the graph's dtypes (float32; NCHW).
  // Results in the order of the graph's outputs, as the graph says (NCHW). Errors: kInvalidArgument
  // (another number of inputs), kShapeMismatch, kTypeMismatch (naming the input), kOutOfMemory, and
  // what a tap or an override returns.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, const Taps& taps = {});

  // Without copies: the caller writes the places inputs(), in the order of the graph's inputs and
  // in row-major order (NCHW), calls run_in_place(), and reads outputs(). The places are the
  // plan's, at the same addresses for as long as it lives; inputs keep what was written. Errors:
  // what a tap or an override returns.
  std::span<const ValueView> inputs() const;
  Status run_in_place(const Taps& taps = {});
  std::span<const ValueView> outputs() const;

  // The specialized graph that the plan executes: concrete shapes, the values' ids as in the graph
  // given to make_plan.
  const Graph& graph() const;
  // A value as the last run left it. Only with PlanOptions::keep_values, or a graph input or
  // output.
  ValueView view(ValueId id);
  // Packs the constants again, from a graph that differs from the planned one in constants' values
  // only. Errors: kInvalidArgument, kTypeMismatch, kShapeMismatch (for another graph, naming the
  // constant), kAccumulatorOverflow.
  Status update_constants(const Graph& graph);

  size_t arena_bytes() const;
  size_t packed_bytes() const;

 private:
  struct State;
  explicit Plan(std::unique_ptr<State> state);
  friend Result<Plan> make_plan(const Graph&, std::span<const Shape>, const PlanOptions&);
  std::unique_ptr<State> state_;
};

// Plans `graph` (valid; usually optimize()d) for the given input shapes. Errors: kShapeMismatch,
// kInvalidModel, kUnsupportedFeature (also for a tier that this binary lacks or this machine does
// not compute exactly, see kernels/probe.h), kLimitExceeded (a size that no kernel takes,
// more than kMaxPlanBytes), kAccumulatorOverflow (names the node whose sums may leave 32 bits),
// kOutOfMemory.
Result<Plan> make_plan(const Graph& graph, std::span<const Shape> input_shapes,
                       const PlanOptions& options);

}  // namespace lowbit

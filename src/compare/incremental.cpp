#include "compare/incremental.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/heap_sort.h"
#include "base/text.h"
#include "engine/batch.h"
#include "graph/rewrites.h"
#include "graph/shape_inference.h"

namespace lowbit {

namespace {

bool is_same_constant(const Value& a, const Value& b) {
  if (a.quant != b.quant || a.dtype != b.dtype || a.shape != b.shape) return false;
  const size_t bytes = a.constant->byte_count();
  return a.constant->raw() == b.constant->raw() || bytes == 0 ||
         std::memcmp(a.constant->raw(), b.constant->raw(), bytes) == 0;
}

// Finds the values of one graph in another.
class Twins {
 public:
  Twins(const Graph& before, const Graph& after)
      : before_(before), after_(after), twin_of_(after.values.size(), kNoValue) {
    for (const Node& node : before.nodes) makers_[before.value(node.output).name] = &node;
    for (const ValueId input : after.inputs) {
      for (const ValueId old : before.inputs) {
        if (before.value(old).name == after.value(input).name) set(input, old);
      }
    }
    for (const Node& node : after.nodes) {
      const auto found = makers_.find(after.value(node.output).name);
      if (found != makers_.end() && makes_the_same(*found->second, node)) {
        set(node.output, found->second->output);
      }
    }
  }

  // kNoValue where there is none.
  ValueId of(ValueId id) const { return twin_of_[static_cast<size_t>(id)]; }

 private:
  void set(ValueId id, ValueId twin) { twin_of_[static_cast<size_t>(id)] = twin; }

  bool is_same_input(ValueId old, ValueId id) const {
    if (old == kNoValue || id == kNoValue) return old == id;
    const Value& before = before_.value(old);
    const Value& after = after_.value(id);
    if (before.constant && after.constant) return is_same_constant(before, after);
    return of(id) == old;
  }

  bool makes_the_same(const Node& before, const Node& after) const {
    const Value& old = before_.value(before.output);
    const Value& value = after_.value(after.output);
    return before.op == after.op && before.attributes == after.attributes &&
           before.activation == after.activation && old.dtype == value.dtype &&
           old.quant == value.quant &&
           std::ranges::equal(before.inputs, after.inputs,
                              [&](ValueId a, ValueId b) { return is_same_input(a, b); });
  }

  const Graph& before_;
  const Graph& after_;
  std::map<std::string_view, const Node*> makers_;
  std::vector<ValueId> twin_of_;
};

// What of a graph has to run: `graph` has the values at hand for inputs.
struct Rest {
  Graph graph;
  std::vector<ValueId> inputs;  // ids in the whole graph, in the order of graph.inputs
  std::vector<bool> is_made;    // per value of the whole graph: a node of `graph` makes it
};

Rest find_rest(const Graph& whole, const std::vector<Tensor>& at_hand) {
  Rest rest{whole, {}, std::vector<bool>(whole.values.size())};
  std::vector<bool> is_needed(whole.values.size());
  for (const ValueId id : whole.outputs) is_needed[static_cast<size_t>(id)] = true;
  rest.graph.nodes.clear();
  const auto is_at_hand = [&](ValueId id) {
    return at_hand[static_cast<size_t>(id)].element_count() > 0;
  };
  for (size_t i = whole.nodes.size(); i-- > 0;) {
    const Node& node = whole.nodes[i];
    const auto output = static_cast<size_t>(node.output);
    if (!is_needed[output] || is_at_hand(node.output)) continue;
    rest.is_made[output] = true;
    for (const ValueId id : node.inputs) {
      if (id != kNoValue) is_needed[static_cast<size_t>(id)] = true;
    }
    rest.graph.nodes.push_back(node);
  }
  std::ranges::reverse(rest.graph.nodes);
  for (size_t id = 0; id < whole.values.size(); ++id) {
    const auto value = static_cast<ValueId>(id);
    if (is_needed[id] && is_at_hand(value)) rest.inputs.push_back(value);
  }
  rest.graph.inputs = rest.inputs;
  return rest;
}

// The samples [first, first + count) of `tensor` are these bytes.
std::span<std::byte> samples_of(Tensor& tensor, int64_t first, int64_t count) {
  const size_t bytes = tensor.byte_count() / static_cast<size_t>(tensor.shape()[0]);
  return {tensor.mutable_raw() + static_cast<size_t>(first) * bytes,
          static_cast<size_t>(count) * bytes};
}

// Which made values to keep beside those at hand, the smallest first.
std::vector<ValueId> choose_kept(const Graph& specialized, const Rest& rest,
                                 std::vector<Tensor>& at_hand, int64_t batch, int64_t samples,
                                 size_t cache_bytes) {
  const auto bytes_of = [&](ValueId id) {
    const Value& value = specialized.value(id);
    const int64_t elements = value.shape.element_count().value_or(0);
    return static_cast<size_t>(elements / batch * samples) * dtype_bytes(value.dtype);
  };
  std::vector<std::pair<size_t, ValueId>> candidates;
  for (const Node& node : specialized.nodes) {
    const Value& value = specialized.value(node.output);
    const auto id = static_cast<size_t>(node.output);
    const bool has_samples = value.shape.rank() > 0 && value.shape[0] == batch;
    if (has_samples && (rest.is_made[id] || at_hand[id].element_count() > 0)) {
      candidates.emplace_back(bytes_of(node.output), node.output);
    }
  }
  heap_sort(candidates);
  std::vector<ValueId> kept;
  for (const auto& [bytes, id] : candidates) {
    const bool fits = bytes <= cache_bytes;
    if (fits) cache_bytes -= bytes;
    if (rest.is_made[static_cast<size_t>(id)]) {
      if (fits) kept.push_back(id);
    } else if (!fits) {
      at_hand[static_cast<size_t>(id)] = {};
    }
  }
  return kept;
}

Result<int64_t> count_samples(const Graph& graph, const std::vector<Tensor>& inputs) {
  if (inputs.empty() || inputs.size() != graph.inputs.size()) {
    return make_error(
        ErrorCode::kInvalidArgument,
        format_text("the model has {} inputs; {} were given", graph.inputs.size(), inputs.size()),
        "inputs");
  }
  const Shape& first = inputs[0].shape();
  for (const Tensor& input : inputs) {
    const Shape& shape = input.shape();
    if (shape.rank() > 0 && shape[0] > 0 && shape[0] == first[0]) continue;
    return make_error(ErrorCode::kShapeMismatch,
                      "every input must have the same number of samples along its first dimension, "
                      "at least one",
                      "inputs");
  }
  return first[0];
}

}  // namespace

Task<std::vector<Tensor>> IncrementalRunner::run(const Graph& graph, bool remember) {
  LOWBIT_CO_ASSIGN(const int64_t samples, count_samples(graph, inputs_));
  std::vector<Tensor> at_hand(graph.values.size());
  const Twins twins(remembered_, graph);
  for (const Node& node : graph.nodes) {
    const ValueId twin = twins.of(node.output);
    if (twin == kNoValue) continue;
    at_hand[static_cast<size_t>(node.output)] = kept_[static_cast<size_t>(twin)];
  }
  for (size_t i = 0; i < inputs_.size(); ++i) {
    at_hand[static_cast<size_t>(graph.inputs[i])] = inputs_[i];
  }
  Rest rest = find_rest(graph, at_hand);
  nodes_run_ = rest.graph.nodes.size();

  const int64_t batch = std::min(batch_for(graph, inputs_), samples);
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs_) {
    shapes.push_back(input.shape());
    shapes.back()[0] = batch;
  }
  LOWBIT_CO_ASSIGN(const Graph specialized, specialize(graph, shapes));
  std::vector<ValueId> made;
  if (remember) {
    made = choose_kept(specialized, rest, at_hand, batch, samples, options_.cache_bytes);
  }
  for (const ValueId id : graph.outputs) {
    const bool is_missing = at_hand[static_cast<size_t>(id)].element_count() == 0;
    if (is_missing && std::ranges::find(made, id) == made.end()) made.push_back(id);
  }
  std::vector<Tensor> targets;
  for (const ValueId id : made) {
    const Value& value = specialized.value(id);
    Shape shape = value.shape;
    if (shape.rank() == 0 || shape[0] != batch) {
      co_return make_error(ErrorCode::kShapeMismatch,
                           format_text("the first dimension of output '{}' does not count the "
                                       "samples",
                                       value.name),
                           value.name);
    }
    shape[0] = samples;
    LOWBIT_CO_ASSIGN(targets.emplace_back(), Tensor::allocate(value.dtype, shape));
    co_yield Progress{"evaluate", 0};  // memory for many samples takes a while to be cleared
  }
  rest.graph.outputs = made;
  const Graph runnable = remove_unused(rest.graph);

  PlanOptions options;
  options.tier = options_.tier;
  options.tiles = options_.tiles;
  std::optional<Plan> plan;
  int64_t planned = 0;
  for (int64_t first = 0; first < samples && !made.empty(); first += batch) {
    const int64_t count = std::min(batch, samples - first);
    if (count != planned) {
      std::vector<Shape> batch_shapes;
      for (const ValueId id : rest.inputs) {
        batch_shapes.push_back(at_hand[static_cast<size_t>(id)].shape());
        batch_shapes.back()[0] = count;
      }
      LOWBIT_CO_ASSIGN(plan, make_plan(runnable, batch_shapes, options));
      planned = count;
    }
    for (size_t i = 0; i < rest.inputs.size(); ++i) {
      const auto bytes = samples_of(at_hand[static_cast<size_t>(rest.inputs[i])], first, count);
      std::memcpy(plan->inputs()[i].data, bytes.data(), bytes.size());
    }
    LOWBIT_CO_TRY(plan->run_in_place());
    for (size_t i = 0; i < made.size(); ++i) {
      const auto bytes = samples_of(targets[i], first, count);
      std::memcpy(bytes.data(), plan->outputs()[i].data, bytes.size());
    }
    co_yield Progress{"evaluate",
                      static_cast<double>(first + count) / static_cast<double>(samples)};
  }

  for (size_t i = 0; i < made.size(); ++i) at_hand[static_cast<size_t>(made[i])] = targets[i];
  std::vector<Tensor> outputs;
  for (const ValueId id : graph.outputs) outputs.push_back(at_hand[static_cast<size_t>(id)]);
  if (remember) {
    remembered_ = graph;
    kept_ = std::move(at_hand);
  }
  co_return outputs;
}

}  // namespace lowbit

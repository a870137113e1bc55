// What the fuzzers share. Each source beside this file is a fuzzer: one function that libFuzzer
// calls with bytes of its own making, under the address and undefined-behaviour sanitizers.
// `npm run fuzz -- TARGET SECONDS` runs one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "engine/engine.h"
#include "graph/shape_inference.h"
#include "support/must.h"

namespace lowbit::fuzz {

// Ends the program, which libFuzzer takes for a crash, where something does not hold that must.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "it does not hold that %s\n", what);
  std::abort();
}

// Whether there is a result; where not, the error must say something.
template <class T>
bool succeeded(const Result<T>& result) {
  if (!result.ok()) require(!result.error().message.empty(), "every error has a message");
  return result.ok();
}

// The shapes for a run with batches of 2. None where a run would take more time or memory than a
// fuzzer has for one input.
inline std::optional<std::vector<Shape>> small_shapes(const Graph& graph) {
  constexpr int64_t kMaxValueElements = 1 << 12;
  constexpr int64_t kMaxProducts = 1 << 21;
  std::vector<Shape> shapes;
  for (const ValueId id : graph.inputs) {
    Shape& shape = shapes.emplace_back(graph.value(id).shape);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] < 0) shape[axis] = 2;
    }
  }
  const Result<Graph> special = specialize(graph, shapes);
  if (!succeeded(special)) return std::nullopt;
  const auto elements = [&](ValueId id) {
    return id == kNoValue ? 1 : special->value(id).shape.element_count().value_or(kMaxElements);
  };
  for (const Node& node : special->nodes) {
    int64_t products = elements(node.output);
    if (products > kMaxValueElements) return std::nullopt;
    if (node.inputs.size() > 1) products *= elements(node.inputs[1]);
    if (products > kMaxProducts) return std::nullopt;
  }
  for (const ValueId id : special->inputs) {
    if (elements(id) > kMaxValueElements) return std::nullopt;
  }
  return shapes;
}

// Reals in [-2, 2), the same for the same shapes; zeros where the graph takes no reals.
inline std::vector<Tensor> some_inputs(const Graph& graph, std::span<const Shape> shapes) {
  Random random(1);
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const DType dtype = graph.value(graph.inputs[i]).dtype;
    Tensor& input = inputs.emplace_back(test::must(Tensor::allocate(dtype, shapes[i])));
    if (dtype != DType::kF32) continue;
    for (float& x : input.mutable_data<float>()) x = random.uniform(-2, 2);
  }
  return inputs;
}

inline bool same_bytes(std::span<const Tensor> a, std::span<const Tensor> b) {
  return std::ranges::equal(a, b, [](const Tensor& x, const Tensor& y) {
    return x.dtype() == y.dtype() && x.shape() == y.shape() &&
           std::memcmp(x.raw(), y.raw(), x.byte_count()) == 0;
  });
}

}  // namespace lowbit::fuzz

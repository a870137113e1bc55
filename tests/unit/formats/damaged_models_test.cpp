// Real models cut short or with a flipped bit: the reader refuses them, or they run.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "engine/engine.h"
#include "formats/onnx_reader.h"
#include "graph/rewrites.h"
#include "graph/shape_inference.h"
#include "support/must.h"
#include "support/zoo.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// What sums of the zoo's size may leave float32 by.
constexpr float kHugeWeight = 1e30f;

template <class T>
bool is_typed(const Result<T>& result) {
  return result.ok() || !result.error().message.empty();
}

bool has_huge_weight(const Graph& graph) {
  return std::ranges::any_of(graph.values, [](const Value& value) {
    if (!value.constant || value.dtype != DType::kF32) return false;
    return std::ranges::any_of(value.constant->data<float>(),
                               [](float x) { return std::fabs(x) > kHugeWeight; });
  });
}

bool is_finite(const Tensor& tensor) {
  return std::ranges::all_of(tensor.data<float>(), [](float x) { return std::isfinite(x); });
}

// A flipped bit may also ask for images, or for padding, of any size; those are not run.
bool is_small(const Graph& graph, std::span<const Shape> shapes) {
  constexpr int64_t kMaxValueElements = 1 << 18;
  const auto special = specialize(graph, shapes);
  return special.ok() && std::ranges::all_of(special->values, [](const Value& value) {
           return value.shape.element_count().value_or(kMaxElements) <= kMaxValueElements;
         });
}

enum class Outcome { kRefused, kRan, kNotRun };

Outcome read_and_run(std::span<const std::byte> bytes) {
  const Result<Graph> graph = read_onnx(bytes);
  REQUIRE(is_typed(graph));
  if (!graph) return Outcome::kRefused;
  const Result<Graph> optimized = optimize(*graph);
  REQUIRE(is_typed(optimized));
  if (!optimized) return Outcome::kRefused;
  std::vector<Tensor> inputs;
  std::vector<Shape> shapes;
  for (const ValueId id : optimized->inputs) {
    Shape shape = optimized->value(id).shape;
    for (int axis = 0; axis < shape.rank(); ++axis) shape[axis] = std::max<int64_t>(shape[axis], 1);
    shapes.push_back(shape);
  }
  if (!is_small(*optimized, shapes)) return Outcome::kNotRun;
  for (const Shape& shape : shapes) {
    inputs.push_back(must(Tensor::allocate(DType::kF32, shape)));
    std::ranges::fill(inputs.back().mutable_data<float>(), 0.5f);
  }
  Result<Plan> plan = make_plan(*optimized, shapes, {});
  REQUIRE(is_typed(plan));
  if (!plan) return Outcome::kRefused;
  const std::vector<Tensor> outputs = must(plan->run(inputs));
  REQUIRE((std::ranges::all_of(outputs, is_finite) || has_huge_weight(*optimized)));
  return Outcome::kRan;
}

void flip_bits(int flips_per_model) {
  Random random(17);
  for (const char* name : kZooModels) {
    CAPTURE(name);
    std::vector<std::byte> bytes = zoo_bytes(name);
    REQUIRE(read_and_run(bytes) == Outcome::kRan);
    for (int i = 0; i < flips_per_model; ++i) {
      const uint32_t bit = random.below(static_cast<uint32_t>(bytes.size() * 8));
      CAPTURE(bit);
      const auto flip = [&] { bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8)); };
      flip();
      read_and_run(bytes);
      flip();
    }
  }
}

}  // namespace

TEST_CASE("every cut through a model of the zoo is a typed error") {
  for (const char* name : kZooModels) {
    CAPTURE(name);
    const std::vector<std::byte> whole = zoo_bytes(name);
    for (size_t size = 0; size < whole.size(); ++size) {
      const Result<Graph> result = read_onnx(std::span(whole).first(size));
      const bool is_refused = !result.ok() && is_typed(result);
      REQUIRE(is_refused);
    }
  }
}

TEST_CASE("flipped bits in models of the zoo give typed errors or finite results") {
  flip_bits(50);
}

// Most bits of a model are in its weights; those of the structure are few.
TEST_CASE("flipped bits in the structure of models give typed errors or finite results") {
  Random random(18);
  for (const char* name : kZooModels) {
    CAPTURE(name);
    const std::vector<std::byte> whole = zoo_bytes(name);
    constexpr uint32_t kEndBytes = 2000;
    for (int i = 0; i < 250; ++i) {
      std::vector<std::byte> bytes = whole;
      const bool is_at_end = i % 2 == 1;
      const auto at = random.below(kEndBytes * 8);
      const size_t byte = is_at_end ? bytes.size() - 1 - at / 8 : at / 8;
      bytes[byte] ^= static_cast<std::byte>(1u << (at % 8));
      CAPTURE(byte);
      CAPTURE(at % 8);
      read_and_run(bytes);
    }
  }
}

// `npm run hostile` runs it.
TEST_CASE("ten thousand flipped bits in models of the zoo" * doctest::skip()) { flip_bits(2500); }

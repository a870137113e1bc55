#include "graph/structure.h"

#include <doctest/doctest.h>

#include "graph/shape_inference.h"
#include "graph/validate.h"
#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// input -> conv1 -> relu1, and a concat of two: every kind of id and list is there.
Graph sound_graph() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 4, 4});
  const ValueId y = b.relu(b.conv(x, {.channels = 2}));
  return b.output(b.concat({x, y})).build();
}

template <class Spoil>
Error error_after(Spoil&& spoil) {
  Graph graph = sound_graph();
  spoil(graph);
  const Status status = check_structure(graph);
  REQUIRE_FALSE(status.ok());
  // Whoever else is given the graph refuses it as well.
  CHECK_FALSE(validate(graph).ok());
  CHECK_FALSE(infer_shapes(graph).ok());
  CHECK_FALSE(specialize(graph, {}).ok());
  return status.error();
}

template <class Spoil>
ErrorCode code_after(Spoil&& spoil) {
  return error_after(spoil).code;
}

}  // namespace

TEST_CASE("A sound graph passes") { CHECK(check_structure(sound_graph()).ok()); }

TEST_CASE("Ids out of range are refused wherever they stand") {
  for (const ValueId id :
       {-2, 1000, std::numeric_limits<ValueId>::min(), std::numeric_limits<ValueId>::max()}) {
    CHECK(code_after([&](Graph& g) { g.inputs[0] = id; }) == ErrorCode::kInvalidModel);
    CHECK(code_after([&](Graph& g) { g.outputs[0] = id; }) == ErrorCode::kInvalidModel);
    CHECK(code_after([&](Graph& g) { g.nodes[1].output = id; }) == ErrorCode::kInvalidModel);
    CHECK(code_after([&](Graph& g) { g.nodes[0].inputs[0] = id; }) == ErrorCode::kInvalidModel);
    CHECK(code_after([&](Graph& g) { g.nodes[0].inputs[2] = id; }) == ErrorCode::kInvalidModel);
  }
}

TEST_CASE("Only optional inputs may be left out") {
  Graph graph = sound_graph();
  graph.nodes[0].inputs[2] = kNoValue;
  CHECK(check_structure(graph).ok());
  CHECK(infer_shapes(graph).ok());
  CHECK(error_after([](Graph& g) { g.nodes[0].inputs[1] = kNoValue; }).where == "conv1");
  CHECK(error_after([](Graph& g) { g.nodes[2].inputs[1] = kNoValue; }).where == "concat1");
}

TEST_CASE("Arity is the operator's") {
  CHECK(error_after([](Graph& g) { g.nodes[0].inputs.resize(1); }).message ==
        "node 'conv1' (Conv): it has 1 input, it needs 2 to 3");
  CHECK(error_after([](Graph& g) { g.nodes[0].inputs.resize(4, 0); }).where == "conv1");
  CHECK(error_after([](Graph& g) { g.nodes[1].inputs.resize(2, 0); }).message ==
        "node 'relu1' (Relu): it has 2 inputs, it needs 1");
  CHECK(error_after([](Graph& g) { g.nodes[2].inputs.clear(); }).message ==
        "node 'concat1' (Concat): it has 0 inputs, it needs 1 or more");
}

TEST_CASE("Names are there and unique") {
  CHECK(code_after([](Graph& g) { g.values[1].name.clear(); }) == ErrorCode::kInvalidModel);
  CHECK(error_after([](Graph& g) { g.values[1].name = "x"; }).where == "x");
  CHECK(code_after([](Graph& g) { g.nodes[1].name.clear(); }) == ErrorCode::kInvalidModel);
  CHECK(error_after([](Graph& g) { g.nodes[1].name = "conv1"; }).where == "conv1");
}

TEST_CASE("Every value is made once, and before it is read") {
  CHECK(error_after([](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); }).message ==
        "node 'relu1' (Relu): its input 'conv1' is not made before it");
  // A cycle.
  CHECK(code_after([](Graph& g) { g.nodes[0].inputs[0] = g.nodes[1].output; }) ==
        ErrorCode::kInvalidModel);
  CHECK(code_after([](Graph& g) { g.nodes[1].inputs[0] = g.nodes[1].output; }) ==
        ErrorCode::kInvalidModel);
  CHECK(error_after([](Graph& g) { g.nodes[1].output = g.nodes[0].output; }).where == "relu1");
  CHECK(error_after([](Graph& g) { g.nodes[1].output = g.inputs[0]; }).where == "relu1");
  CHECK(error_after([](Graph& g) { g.nodes[1].output = g.nodes[0].inputs[1]; }).where == "relu1");
  CHECK(error_after([](Graph& g) { g.add_value({.name = "stray"}); }).where == "stray");
}

TEST_CASE("Graph inputs and outputs are listed once and are what they say") {
  CHECK(error_after([](Graph& g) { g.inputs.push_back(g.inputs[0]); }).where == "x");
  CHECK(error_after([](Graph& g) { g.inputs.push_back(g.nodes[0].inputs[1]); }).where ==
        "conv1.weight");
  CHECK(code_after([](Graph& g) { g.outputs.clear(); }) == ErrorCode::kInvalidModel);
  CHECK(error_after([](Graph& g) { g.outputs.push_back(g.outputs[0]); }).where == "concat1");
  CHECK(code_after([](Graph& g) { g.outputs = g.inputs; }) == ErrorCode::kUnsupportedFeature);
  CHECK(code_after([](Graph& g) { g.outputs[0] = g.nodes[0].inputs[1]; }) ==
        ErrorCode::kUnsupportedFeature);
}

TEST_CASE("Operators and their attributes are those of the list") {
  CHECK(code_after([](Graph& g) { g.nodes[1].op = static_cast<Op>(200); }) ==
        ErrorCode::kInvalidModel);
  CHECK(error_after([](Graph& g) { g.nodes[0].attributes = NoAttributes{}; }).where == "conv1");
  CHECK(error_after([](Graph& g) { g.nodes[1].attributes = ConvAttributes{}; }).where == "relu1");
}

TEST_CASE("A constant's dtype and shape are its value's") {
  CHECK(code_after([](Graph& g) { g.value(g.nodes[0].inputs[1]).dtype = DType::kI8; }) ==
        ErrorCode::kTypeMismatch);
  CHECK(code_after([](Graph& g) { g.value(g.nodes[0].inputs[1]).shape = {4}; }) ==
        ErrorCode::kShapeMismatch);
  // The default tensor has no elements.
  CHECK(code_after([](Graph& g) {
          Value& weight = g.value(g.nodes[0].inputs[1]);
          weight.constant = Tensor();
          weight.shape = {0};
        }) == ErrorCode::kShapeMismatch);
}

TEST_CASE("Symbols are the graph's") {
  CHECK(code_after([](Graph& g) { g.symbols.clear(); }) == ErrorCode::kInvalidModel);
  CHECK(code_after([](Graph& g) { g.value(0).shape[0] = std::numeric_limits<int64_t>::min(); }) ==
        ErrorCode::kInvalidModel);
}

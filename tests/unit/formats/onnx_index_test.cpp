#include "formats/onnx_index.h"

#include <doctest/doctest.h>

#include <set>

#include "formats/onnx_reader.h"
#include "support/check_error.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Result<Graph> read(const OnnxFile& file) { return read_onnx(file.bytes()); }

}  // namespace

TEST_CASE("nodes without a name get one from their operator and position") {
  OnnxFile file;
  file.input("x", {"N"}).node("Relu", {"x"}, {"a"}, {.name = "first"});
  file.node("Relu", {"a"}, {"b"}).node("Add", {"b", "x"}, {"y"}).output("y");
  const Graph graph = must(read(file));
  CHECK(graph.nodes[0].name == "first");
  CHECK(graph.nodes[1].name == "Relu_1");
  CHECK(graph.nodes[2].name == "Add_2");
}

TEST_CASE("names of nodes become unique, and those given stay") {
  OnnxFile file;
  file.input("x", {"N"}).node("Relu", {"x"}, {"a"});
  file.node("Relu", {"a"}, {"b"}, {.name = "Relu_0"})
      .node("Relu", {"b"}, {"c"}, {.name = "Relu_0"});
  file.node("Relu", {"c"}, {"d"}, {.name = "Relu_2"}).output("d");
  const Graph graph = must(read(file));
  std::set<std::string> names;
  for (const Node& node : graph.nodes) names.insert(node.name);
  CHECK(names.size() == 4);
  CHECK(graph.nodes[1].name == "Relu_0");
  CHECK(graph.nodes[3].name == "Relu_2");
}

TEST_CASE("values that are made twice are refused") {
  OnnxFile outputs;
  outputs.input("x", {"N"}).node("Relu", {"x"}, {"y"}).node("Relu", {"x"}, {"y"}).output("y");
  check_error(read(outputs), ErrorCode::kInvalidModel, "'y' is defined twice");
  OnnxFile input;
  input.input("x", {"N"}).node("Relu", {"x"}, {"x"}).output("x");
  check_error(read(input), ErrorCode::kInvalidModel, "'x' is defined twice");
  OnnxFile inputs;
  inputs.input("x", {"N"}).input("x", {"N"}).node("Relu", {"x"}, {"y"}).output("y");
  check_error(read(inputs), ErrorCode::kInvalidModel, "'x' is defined twice");
  OnnxFile weights;
  weights.ones("w", {1}, 1).ones("w", {1}, 1).node("Relu", {"w"}, {"y"}).output("y");
  check_error(read(weights), ErrorCode::kInvalidModel, "'w' is defined twice");
  OnnxFile ends;
  ends.input("x", {"N"}).node("Relu", {"x"}, {"y"}).output("y").output("y");
  check_error(read(ends), ErrorCode::kInvalidModel, "'y' is defined twice");
}

TEST_CASE("nodes that are not in topological order are refused, as are cycles") {
  OnnxFile order;
  order.input("x", {"N"}).node("Relu", {"a"}, {"y"}, {.name = "late"}).node("Relu", {"x"}, {"a"});
  check_error(read(order.output("y")), ErrorCode::kInvalidModel, "node 'late'");
  OnnxFile cycle;
  cycle.node("Relu", {"b"}, {"a"}).node("Relu", {"a"}, {"b"}).output("b");
  check_error(read(cycle), ErrorCode::kInvalidModel, "topological");
  OnnxFile missing;
  missing.input("x", {"N"}).node("Add", {"x", "nowhere"}, {"y"}).output("y");
  check_error(read(missing), ErrorCode::kInvalidModel, "'nowhere'");
}

TEST_CASE("outputs must be there, and names must not be empty") {
  OnnxFile none;
  none.input("x", {"N"}).node("Relu", {"x"}, {"y"});
  check_error(read(none), ErrorCode::kInvalidModel, "no outputs");
  check_error(read(none.output("z")), ErrorCode::kInvalidModel, "'z'");
  OnnxFile node;
  node.input("x", {"N"}).node("Relu", {"x"}, {}, {.name = "n"});
  check_error(read(node.output("x")), ErrorCode::kInvalidModel, "node 'n'");
  OnnxFile input;
  check_error(read(input.input("", {"N"}).output("")), ErrorCode::kInvalidModel, "no name");
  OnnxFile initializer;
  check_error(read(initializer.ones("", {1}, 1)), ErrorCode::kInvalidModel, "no name");
}

TEST_CASE("all unknown operators are listed, with their nodes and domains") {
  OnnxFile file;
  file.input("x", {"N"}).node("LSTM", {"x"}, {"a"}, {.name = "l1"});
  file.node("LSTM", {"a"}, {"b"}, {.name = "l2"}).node("Relu", {"b"}, {"c"});
  file.node("Relu", {"c"}, {"d"}, {.name = "far", .domain = "com.example"});
  file.node("LSTMs", {"d", "x"}, {"y"}).output("y");
  const Result<Graph> result = read(file);
  check_error(result, ErrorCode::kUnsupportedOperator, "LSTM (nodes 'l1', 'l2')");
  check_error(result, ErrorCode::kUnsupportedOperator, "com.example.Relu (node 'far')");
  check_error(result, ErrorCode::kUnsupportedOperator, "LSTMs (node 'LSTMs_4')");
  CHECK(result.error().where == "LSTM, LSTMs, com.example.Relu");
}

TEST_CASE("what nodes compute of constants alone is a constant, however long the chain") {
  OnnxFile file;
  file.input("x", {"N"}).floats("c0", {}, {1});
  constexpr int kLength = 50'000;
  for (int i = 0; i < kLength; ++i) {
    file.node("Add", {"c" + std::to_string(i), "c0"}, {"c" + std::to_string(i + 1)});
  }
  file.node("Mul", {"x", "c" + std::to_string(kLength)}, {"y"}).output("y");
  const Graph graph = must(read(file));
  REQUIRE(graph.nodes.size() == 1);
  const Value& factor = graph.value(graph.nodes[0].inputs[1]);
  REQUIRE(factor.constant);
  CHECK(factor.constant->data<float>()[0] == 1.0f + kLength);
}

TEST_CASE("the list of an operator's nodes ends after eight") {
  OnnxFile file;
  file.input("x", {"N"});
  for (int i = 0; i < 20; ++i) file.node("Tan", {"x"}, {"y" + std::to_string(i)});
  check_error(read(file.output("y0")), ErrorCode::kUnsupportedOperator, "'Tan_7' and 12 more");
}

TEST_CASE("the domain ai.onnx may be spelled out") {
  OnnxFile file;
  file.input("x", {"N"}).node("Relu", {"x"}, {"y"}, {.domain = "ai.onnx"}).output("y");
  CHECK(must(read(file)).nodes.size() == 1);
}

#include "engine/byte_functions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "engine/engine.h"
#include "formats/onnx_reader.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

template <class T>
Tensor every_byte(const Shape& shape) {
  Tensor tensor = must(Tensor::allocate(dtype_of<T>, shape));
  std::iota(tensor.mutable_data<T>().begin(), tensor.mutable_data<T>().end(), T{0});
  return tensor;
}

// A Conv of integers of type T between a DequantizeLinear of the input's and a QuantizeLinear of
// the output's; `between` is the scale of the pair that stands around it.
template <class T>
OnnxFile integer_conv(int64_t type, T zero, float between) {
  OnnxFile file;
  file.input("x", {1, 1, 16, 16}, type).floats("s", {}, {0.5f}).floats("t", {}, {between});
  file.initializer(raw_tensor<T>("z", type, {}, {zero}));
  file.initializer(raw_tensor<uint8_t>("v", kOnnxUint8, {}, {100}));
  file.initializer(raw_tensor<int8_t>("w", kOnnxInt8, {1, 1, 1, 1}, {2}));
  file.node("DequantizeLinear", {"x", "s", "z"}, {"r"});
  file.node("QuantizeLinear", {"r", "t", "v"}, {"q"});
  file.node("DequantizeLinear", {"q", "t", "v"}, {"d"});
  file.node("DequantizeLinear", {"w", "s"}, {"e"});
  file.node("Conv", {"d", "e"}, {"c"});
  file.node("QuantizeLinear", {"c", "t", "v"}, {"o"});
  file.node("DequantizeLinear", {"o", "t", "v"}, {"p"});
  return file.node("QuantizeLinear", {"p", "s", "z"}, {"y"}).output("y");
}

// The same with and without.
template <class T>
void check_joined(const OnnxFile& file) {
  const Graph graph = must(read_onnx(file.bytes()));
  const Tensor input = every_byte<T>({1, 1, 16, 16});
  const std::vector<Shape> shapes{input.shape()};
  Plan plain = must(make_plan(graph, shapes, {}));
  Plan joined = must(make_plan(graph, shapes, {.joins_conversions = true}));
  const Tensor expected = must(plain.run({&input, 1}))[0];
  for (int run = 0; run < 2; ++run) {
    const Tensor result = must(joined.run({&input, 1}))[0];
    CHECK(std::ranges::equal(result.data<T>(), expected.data<T>()));
  }
  CHECK(joined.arena_bytes() < plain.arena_bytes());
}

}  // namespace

TEST_CASE("conversions between integers are joined, to the same integers") {
  check_joined<uint8_t>(integer_conv<uint8_t>(kOnnxUint8, 100, 0.5f));  // nothing to do
  check_joined<uint8_t>(integer_conv<uint8_t>(kOnnxUint8, 3, 0.7f));
  check_joined<int8_t>(integer_conv<int8_t>(kOnnxInt8, -28, 0.5f));  // another sign
  check_joined<int8_t>(integer_conv<int8_t>(kOnnxInt8, 5, 1.25f));
}

TEST_CASE("functions of one value between conversions are a table, to the same integers") {
  const auto with = [](const std::string& op, std::vector<std::string> others) {
    OnnxFile file;
    file.input("x", {1, 1, 16, 16}, kOnnxUint8).floats("s", {}, {0.05f}).floats("six", {1}, {6});
    file.floats("v", {16}, std::vector<float>(16, 2)).floats("t", {}, {0.02f});
    file.initializer(raw_tensor<uint8_t>("z", kOnnxUint8, {}, {100}));
    file.node("DequantizeLinear", {"x", "s", "z"}, {"r"});
    others.insert(others.begin(), "r");
    file.node("Sigmoid", {"r"}, {"g"}).node("Relu", {"g"}, {"h"});
    others[0] = "h";
    file.node(op, others, {"f"}).node("QuantizeLinear", {"f", "t", "z"}, {"y"});
    return file.output("y");
  };
  for (const OnnxFile& file : {with("Div", {"six"}), with("Pow", {"six"}), with("Sub", {"six"}),
                               with("Sqrt", {}), with("Clip", {"s", "six"})}) {
    check_joined<uint8_t>(file);
    const Graph graph = must(read_onnx(file.bytes()));
    CHECK(engine::ByteFunctions(graph).dequantizer(graph.nodes.size() - 1) == 0);
  }
  // A function of two values, one per column.
  const Graph graph = must(read_onnx(with("Div", {"v"}).bytes()));
  CHECK(engine::ByteFunctions(graph).dequantizer(graph.nodes.size() - 1) ==
        engine::ByteFunctions::kNone);
  check_joined<uint8_t>(integer_conv<uint8_t>(kOnnxUint8, 3, 0.7f));
}

TEST_CASE("a DequantizeLinear whose reals are read is not skipped") {
  OnnxFile file = integer_conv<uint8_t>(kOnnxUint8, 100, 0.5f);
  file.output("r");
  const Graph graph = must(read_onnx(file.bytes()));
  const engine::ByteFunctions functions(graph);
  size_t joined = 0;
  size_t skipped = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    joined += functions.dequantizer(i) != engine::ByteFunctions::kNone;
    skipped += functions.is_skipped(i);
  }
  CHECK(joined == 2);
  CHECK(skipped == 1);
  const Tensor input = every_byte<uint8_t>({1, 1, 16, 16});
  Plan plan = must(make_plan(graph, std::vector{input.shape()}, {.joins_conversions = true}));
  const std::vector<Tensor> outputs = must(plan.run({&input, 1}));
  CHECK(outputs[1].data<float>()[101] == 0.5f);
}

TEST_CASE("a place that is shared is not written over") {
  OnnxFile file;
  file.input("x", {1, 256}, kOnnxUint8).floats("s", {}, {0.5f});
  file.initializer(raw_tensor<uint8_t>("z", kOnnxUint8, {}, {100}));
  file.node("DequantizeLinear", {"x", "s", "z"}, {"r"});
  file.node("QuantizeLinear", {"r", "s", "z"}, {"q"});
  file.node("DequantizeLinear", {"q", "s", "z"}, {"d"}).node("Relu", {"d"}, {"a"});
  file.node("QuantizeLinear", {"a", "s", "z"}, {"o"});
  file.node("DequantizeLinear", {"o", "s", "z"}, {"p"});
  file.node("QuantizeLinear", {"p", "s", "z"}, {"y"}).output("y");
  file.node("Identity", {"x"}, {"same"}).output("same");
  const Graph graph = must(read_onnx(file.bytes()));
  const Tensor input = every_byte<uint8_t>({1, 256});
  Plan plan = must(make_plan(graph, std::vector{input.shape()}, {.joins_conversions = true}));
  const std::vector<Tensor> outputs = must(plan.run({&input, 1}));
  CHECK(outputs[0].data<uint8_t>()[7] == 100);
  CHECK(std::ranges::equal(outputs[1].data<uint8_t>(), input.data<uint8_t>()));
}

TEST_CASE("bytes that a later QuantizeLinear reads are not written over before") {
  OnnxFile file;
  file.input("x", {1, 256}).floats("s", {}, {0.01f}).floats("t", {}, {0.02f});
  file.initializer(raw_tensor<uint8_t>("z", kOnnxUint8, {}, {0}));
  file.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
  file.node("DequantizeLinear", {"q", "s", "z"}, {"d"}).node("Sigmoid", {"d"}, {"g"});
  file.node("QuantizeLinear", {"g", "s", "z"}, {"o"});
  file.node("DequantizeLinear", {"o", "s", "z"}, {"y"}).output("y");
  // Behind the Sigmoid, whose table may write over what it reads.
  for (const char* scale : {"s", "t"}) {
    OnnxFile other = file;
    other.node("QuantizeLinear", {"d", scale, "z"}, {"later"}).output("later");
    Graph graph = must(read_onnx(other.bytes()));
    const auto later = std::ranges::find_if(
        graph.nodes, [&](const Node& node) { return graph.value(node.output).name == "later"; });
    REQUIRE(later != graph.nodes.end());
    std::rotate(later, later + 1, graph.nodes.end());
    const Shape shape{1, 256};
    Tensor input = must(Tensor::allocate(DType::kF32, shape));
    for (size_t i = 0; i < 256; ++i) {
      input.mutable_data<float>()[i] = 0.01f * static_cast<float>(i);
    }
    Plan plain = must(make_plan(graph, {&shape, 1}, {}));
    Plan joined = must(make_plan(graph, {&shape, 1}, {.joins_conversions = true}));
    const Tensor expected = must(plain.run({&input, 1}))[1];
    const Tensor result = must(joined.run({&input, 1}))[1];
    CHECK(std::ranges::equal(result.data<uint8_t>(), expected.data<uint8_t>()));
  }
}

TEST_CASE("conversions in blocks are not joined, however few") {
  OnnxFile file(21);
  file.input("x", {1, 4}, kOnnxUint8).floats("s", {1, 1}, {0.5f}).floats("t", {}, {0.25f});
  file.initializer(raw_tensor<uint8_t>("b", kOnnxUint8, {1, 1}, {7}));
  file.initializer(raw_tensor<uint8_t>("z", kOnnxUint8, {}, {9}));
  file.node("DequantizeLinear", {"x", "s", "b"}, {"r"},
            {.attributes = {int_attribute("block_size", 4)}});
  file.node("QuantizeLinear", {"r", "t", "z"}, {"y"}).output("y");
  const Graph graph = must(read_onnx(file.bytes()));
  const Tensor input = every_byte<uint8_t>({1, 4});
  Plan plan = must(make_plan(graph, std::vector{input.shape()}, {.joins_conversions = true}));
  const auto bytes = must(plan.run({&input, 1}))[0];
  CHECK(std::ranges::equal(bytes.data<uint8_t>(), std::vector<uint8_t>{0, 0, 0, 1}));
}

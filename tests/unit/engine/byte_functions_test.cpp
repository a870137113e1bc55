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

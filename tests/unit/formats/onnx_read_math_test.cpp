#include <limits>

#include "engine/engine.h"
#include "unit/formats/read_file.h"

namespace lowbit::test {
namespace {

template <class T>
std::vector<T> run(const OnnxFile& file, const Tensor& x) {
  const Graph graph = must(read_file(file));
  const std::vector<Shape> shapes{x.shape()};
  Plan plan = must(make_plan(graph, shapes, {}));
  const std::vector<Tensor> inputs{x};
  const std::vector<Tensor> outputs = must(plan.run(inputs));
  const auto values = outputs[0].data<T>();
  return {values.begin(), values.end()};
}

template <class T>
Tensor tensor_of(const Shape& shape, const std::vector<T>& values) {
  return must(Tensor::from_values<T>(shape, std::span<const T>(values)));
}

}  // namespace

TEST_CASE("Gemm with a matrix C adds it, times beta, behind the product") {
  OnnxFile file;
  file.input("x", {2, 2}).floats("w", {2, 2}, {1, 0, 0, 1}).floats("c", {2, 2}, {1, 2, 3, 4});
  file.node("Gemm", {"x", "w", "c"}, {"y"}, with({float_attribute("beta", 2)}));
  CHECK(operators_of(file) == "Gemm Add");
  CHECK(run<float>(file, tensor_of<float>({2, 2}, {10, 20, 30, 40})) ==
        std::vector<float>{12, 24, 36, 48});
  OnnxFile computed;
  computed.input("x", {2, 2}).ones("w", {2, 2}, 4);
  computed.node("Gemm", {"x", "w", "x"}, {"y"}, with({float_attribute("beta", 2)}));
  CHECK(operators_of(computed) == "Gemm Mul Add");
  OnnxFile row;
  row.input("x", {2, 2}).ones("w", {2, 2}, 4).ones("c", {1, 2}, 2);
  CHECK(operators_of(row.node("Gemm", {"x", "w", "c"}, {"y"}, with({}))) == "Gemm");
}

TEST_CASE("Gemm with a computed B is a product of activations") {
  OnnxFile file;
  file.input("x", {3, 1});
  file.node("Relu", {"x"}, {"w"});
  file.node(
      "Gemm", {"x", "w", "x"}, {"y"},
      with({float_attribute("alpha", 2), float_attribute("beta", -1), int_attribute("transB", 1)}));
  CHECK(operators_of(file) == "Relu Transpose MatMul Mul Mul Add");
  CHECK(run<float>(file, tensor_of<float>({3, 1}, {1, -2, 3})) ==
        std::vector<float>{1, -1, 5, -2, 2, -10, 3, -3, 15});
  OnnxFile turned;
  turned.input("x", {3, 1});
  turned.node("Gemm", {"x", "x"}, {"y"}, with({int_attribute("transA", 1)}));
  CHECK(run<float>(turned, tensor_of<float>({3, 1}, {1, -2, 3})) == std::vector<float>{14});
}

TEST_CASE("Before opset 7 an operand lies along the axes that are named") {
  const auto add = [](int64_t opset, const char* op, std::vector<WireWriter> attributes) {
    OnnxFile file(opset);
    file.input("x", {1, 2, 3}).floats("c", {2}, {10, 20});
    return file.node(op, {"x", "c"}, {"y"}, with(std::move(attributes)));
  };
  const OnnxFile file = add(1, "Mul",
                            {int_attribute("broadcast", 1), int_attribute("axis", 1),
                             ints_attribute("consumed_inputs", {0, 0})});
  CHECK(run<float>(file, tensor_of<float>({1, 2, 3}, {1, 2, 3, 4, 5, 6})) ==
        std::vector<float>{10, 20, 30, 80, 100, 120});
  const OnnxFile slopes = add(6, "PRelu", {});
  CHECK(run<float>(slopes, tensor_of<float>({1, 2, 3}, {1, -2, 3, -4, 5, -6})) ==
        std::vector<float>{1, -20, 3, -80, 5, -120});
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  CHECK_FALSE(read_file(add(1, "Mul", {int_attribute("axis", kHuge)})).ok());
}

TEST_CASE("Neg, Abs and Sign of integers are functions of two values") {
  const auto function = [](const char* op, int64_t type) {
    return OnnxFile(13).input("x", {3}, type).node(op, {"x"}, {"y"}, with({}));
  };
  const std::vector<int64_t> longs{-5, 0, int64_t{1} << 40};
  const Tensor x = tensor_of<int64_t>({3}, longs);
  CHECK(run<int64_t>(function("Neg", kOnnxInt64), x) == std::vector<int64_t>{5, 0, -longs[2]});
  CHECK(run<int64_t>(function("Abs", kOnnxInt64), x) == std::vector<int64_t>{5, 0, longs[2]});
  CHECK(run<int64_t>(function("Sign", kOnnxInt64), x) == std::vector<int64_t>{-1, 0, 1});
  CHECK(run<uint8_t>(function("Abs", kOnnxUint8), tensor_of<uint8_t>({3}, {0, 9, 200})) ==
        std::vector<uint8_t>{0, 9, 200});
  CHECK(run<uint8_t>(function("Sign", kOnnxUint8), tensor_of<uint8_t>({3}, {0, 9, 200})) ==
        std::vector<uint8_t>{0, 1, 1});
  check_error(read_file(function("Exp", kOnnxInt64)), ErrorCode::kTypeMismatch, "float32");
}

}  // namespace lowbit::test

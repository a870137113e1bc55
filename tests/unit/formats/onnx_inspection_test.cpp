#include "formats/onnx_inspection.h"

#include <doctest/doctest.h>

#include "formats/onnx_reader.h"
#include "support/check_error.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

using Dim = std::variant<int64_t, std::string>;

Inspection inspect(const OnnxFile& file) { return must(inspect_onnx(file.bytes())); }

}  // namespace

TEST_CASE("a file is described without loading it, whatever its operators") {
  OnnxFile file(99);
  file.input("x", {"N", 3, "?"}).input("w", {3}).input("k", {}, kOnnxInt64);
  file.ones("w", {3}, 3).ones("v", {2, 2}, 4);
  file.node("LSTM", {"x"}, {"a"}, {.name = "l1"}).node("LSTM", {"a"}, {"b"});
  file.node("Relu", {"b"}, {"c"}).node("Relu", {"c"}, {"d"}, {.domain = "com.example"});
  const Inspection seen = inspect(file.output("d"));

  CHECK(seen.opset == 99);
  REQUIRE(seen.inputs.size() == 2);  // not w, which is an initializer
  CHECK(seen.inputs[0].name == "x");
  CHECK(seen.inputs[0].dtype == "float32");
  CHECK(seen.inputs[0].shape == std::vector<Dim>{"N", 3, "?"});
  CHECK(seen.inputs[1].dtype == "int64");
  CHECK(seen.inputs[1].shape == std::vector<Dim>{});
  REQUIRE(seen.outputs.size() == 1);
  CHECK(seen.outputs[0].name == "d");
  CHECK(seen.operators ==
        std::map<std::string, int64_t>{{"LSTM", 2}, {"Relu", 1}, {"com.example.Relu", 1}});
  CHECK(seen.parameter_count == 7);
  CHECK(seen.unsupported == std::map<std::string, std::vector<std::string>>{
                                {"LSTM", {"l1", "LSTM_1"}}, {"com.example.Relu", {"Relu_3"}}});
}

TEST_CASE("what is not said stays open") {
  OnnxFile file;
  file.input_without_shape("x").node("Relu", {"x"}, {"y"});
  CHECK_FALSE(inspect(file.output("y")).inputs[0].shape.has_value());
}

TEST_CASE("the files are named in which initializers lie") {
  OnnxFile file;
  file.input("x", {2});
  for (const auto& [name, location] :
       {std::pair("a", "w.bin"), std::pair("b", "w.bin"), std::pair("c", "v.bin")}) {
    WireWriter entry, tensor = tensor_header(name, kOnnxFloat, {2});
    entry.text(1, "location");
    entry.text(2, location);
    tensor.message(13, entry);
    file.initializer(tensor);
  }
  CHECK(inspect(file.ones("d", {2}, 2).output("x")).files ==
        std::set<std::string>{"v.bin", "w.bin"});
}

TEST_CASE("a file that loads has no unsupported operators") {
  OnnxFile file;
  file.input("x", {"N"}).floats("c", {}, {1}).node("Mul", {"c", "c"}, {"m"});
  file.node("Add", {"x", "m"}, {"y"}).output("y");
  must(read_onnx(file.bytes()));
  CHECK(inspect(file).unsupported.empty());
}

TEST_CASE("malformed bytes and impossible sizes are errors") {
  OnnxFile file;
  file.input("x", {"N"}).node("Relu", {"x"}, {"y"}).output("y");
  const std::vector<std::byte> whole = file.bytes();
  check_error(inspect_onnx(std::span(whole).first(whole.size() / 2)), ErrorCode::kInvalidModel,
              "byte");
  check_error(inspect_onnx({}), ErrorCode::kInvalidModel, "no graph");
  const int64_t large = int64_t{1} << 40;
  file.initializer(tensor_header("w", kOnnxFloat, {large, large}));
  check_error(inspect_onnx(file.bytes()), ErrorCode::kInvalidModel, "'w'");
  OnnxFile negative;
  negative.initializer(tensor_header("w", kOnnxFloat, {-1})).node("Relu", {"w"}, {"y"});
  check_error(inspect_onnx(negative.output("y").bytes()), ErrorCode::kInvalidModel, "'w'");
  OnnxFile sum;
  sum.initializer(tensor_header("a", kOnnxFloat, {int64_t{1} << 62}));
  sum.initializer(tensor_header("b", kOnnxFloat, {int64_t{1} << 62}));
  sum.node("Relu", {"a"}, {"y"}).output("y");
  check_error(inspect_onnx(sum.bytes()), ErrorCode::kInvalidModel, "'b'");
}

#include "unit/formats/read_file.h"

namespace lowbit::test {
namespace {

OnnxFile softmax(int64_t opset, const char* op, std::vector<OnnxDim> dims,
                 std::vector<WireWriter> attributes = {}) {
  return OnnxFile(opset)
      .input("x", std::move(dims))
      .node(op, {"x"}, {"y"}, with(std::move(attributes)));
}

}  // namespace

TEST_CASE("Softmax before opset 13 flattens, where that is not one axis") {
  CHECK(operators_of(softmax(11, "Softmax", {"N", 5, 1})) == "Softmax");
  CHECK(operators_of(softmax(11, "Softmax", {"N", 5, 3})) == "Flatten Softmax Reshape");
  CHECK(output_shape(softmax(11, "Softmax", {"N", 5, 3})) == "N,5,3,");
  CHECK(operators_of(softmax(11, "Softmax", {2, 5}, {int_attribute("axis", 0)})) ==
        "Flatten Softmax Reshape");
  check_error(read_file(softmax(11, "Softmax", {"N", "T", 3})), ErrorCode::kUnsupportedFeature,
              "several axes");
  check_error(read_file(softmax(11, "Softmax", {2, 3, 4}, {int_attribute("axis", -7)})),
              ErrorCode::kInvalidModel, "axis");
}

TEST_CASE("LogSoftmax is computed by way of the maximum") {
  const std::string steps = "ReduceMax Sub Exp ReduceSum Log Sub";
  CHECK(operators_of(softmax(13, "LogSoftmax", {"N", 5})) == steps);
  CHECK(operators_of(softmax(11, "LogSoftmax", {"N", 5, 3})) == "Flatten " + steps + " Reshape");
  check_error(read_file(softmax(13, "LogSoftmax", {"N", 5}, {int_attribute("axis", 2)})),
              ErrorCode::kInvalidModel, "axis 2");
}

}  // namespace lowbit::test

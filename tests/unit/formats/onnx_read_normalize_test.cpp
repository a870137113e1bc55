#include <limits>

#include "unit/formats/read_file.h"

namespace lowbit::test {
namespace {

OnnxFile norm(int64_t opset, const char* op, std::vector<std::string> inputs,
              std::vector<WireWriter> attributes, std::vector<std::string> outputs = {"y"}) {
  OnnxFile file(opset);
  file.input("x", {"N", 4, 5}).ones("s", {5}, 5).ones("b", {5}, 5).ones("c", {4}, 4);
  file.floats("g", {2}, {1, 3}).ones("m", {4, 5}, 20);
  return file.node(op, inputs, outputs, with(std::move(attributes)));
}

}  // namespace

TEST_CASE("LayerNormalization and RMSNormalization, which ONNX Runtime calls otherwise") {
  const auto stash = int_attribute("stash_type", 1);
  CHECK(last_attributes<NormalizationAttributes>(
            norm(17, "LayerNormalization", {"x", "m", "m"},
                 {int_attribute("axis", 1), float_attribute("epsilon", 1e-3f), stash})) ==
        NormalizationAttributes{.axis = 1, .epsilon = 1e-3f});
  CHECK(operators_of(norm(17, "LayerNormalization", {"x", "s"}, {})) == "LayerNormalization");
  CHECK(operators_of(norm(23, "RMSNormalization", {"x", "s"}, {})) == "RMSNormalization");
  CHECK(operators_of(norm(17, "SimplifiedLayerNormalization", {"x", "s"}, {stash})) ==
        "RMSNormalization");
  CHECK(must(read_onnx(must(write_onnx(
                 must(read_file(norm(17, "SimplifiedLayerNormalization", {"x", "s"}, {})))))))
            .opset == 23);
}

TEST_CASE("The statistics of LayerNormalization are computed where they are used") {
  OnnxFile file = norm(17, "LayerNormalization", {"x", "s", "b"}, {}, {"y", "mean", "inverse"});
  CHECK(operators_of(file) == "LayerNormalization");
  CHECK(operators_of(file.output("inverse")) ==
        "LayerNormalization ReduceMean Sub Mul ReduceMean Add Sqrt Reciprocal");
  OnnxFile far = norm(17, "LayerNormalization", {"x", "s"},
                      {int_attribute("axis", std::numeric_limits<int64_t>::min())}, {"y", "mean"});
  check_error(read_file(far.output("mean")), ErrorCode::kUnsupportedFeature, "'mean'");
}

TEST_CASE("InstanceNormalization has scales per channel") {
  CHECK(last_attributes<NormalizationAttributes>(norm(6, "InstanceNormalization", {"x", "c", "c"},
                                                      {float_attribute("epsilon", 1e-2f)})) ==
        NormalizationAttributes{.epsilon = 1e-2f});
  check_error(read_file(norm(6, "InstanceNormalization", {"x", "s", "b"}, {})),
              ErrorCode::kShapeMismatch, "scale has shape");
}

TEST_CASE("GroupNormalization has scales per channel, before opset 21 per group") {
  const auto groups = [](int64_t n) { return int_attribute("num_groups", n); };
  const Graph of_groups =
      must(read_file(norm(18, "GroupNormalization", {"x", "g", "g"}, {groups(2)})));
  const Tensor& scale = *of_groups.value(of_groups.nodes[0].inputs[1]).constant;
  const auto values = scale.data<float>();
  CHECK(std::vector<float>(values.begin(), values.end()) == std::vector<float>{1, 1, 3, 3});
  CHECK(operators_of(norm(18, "GroupNormalization", {"x", "g", "g"}, {groups(2)})) ==
        "GroupNormalization");
  CHECK(last_attributes<NormalizationAttributes>(
            norm(21, "GroupNormalization", {"x", "c", "c"}, {groups(2)}))
            .groups == 2);
  for (const int64_t n : {0, -1, 3, 5}) {
    for (const int64_t opset : {18, 21}) {
      check_error(read_file(norm(opset, "GroupNormalization", {"x", "c", "c"}, {groups(n)})),
                  ErrorCode::kInvalidModel, "groups");
    }
  }
  check_error(read_file(norm(18, "GroupNormalization", {"x", "c", "c"}, {groups(2)})),
              ErrorCode::kInvalidModel, "per group");
}

TEST_CASE("An epsilon that is negative or no number, and axes out of range, are refused") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float epsilon : {-1.0f, nan, std::numeric_limits<float>::infinity()}) {
    check_error(read_file(norm(17, "LayerNormalization", {"x", "s"},
                               {float_attribute("epsilon", epsilon)})),
                ErrorCode::kInvalidModel, "epsilon");
  }
  check_error(read_file(norm(17, "LayerNormalization", {"x", "s"}, {int_attribute("axis", 3)})),
              ErrorCode::kInvalidModel, "axis 3");
  check_error(read_file(norm(17, "LayerNormalization", {"x", "c"}, {})), ErrorCode::kShapeMismatch,
              "scale has shape");
}

}  // namespace lowbit::test

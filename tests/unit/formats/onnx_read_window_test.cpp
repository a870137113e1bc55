#include <limits>

#include "unit/formats/read_file.h"

namespace lowbit::test {
namespace {

OnnxFile transposed(std::vector<WireWriter> attributes,
                    std::vector<OnnxDim> dims = {"N", 4, 5, 6}) {
  OnnxFile file;
  file.input("x", std::move(dims)).ones("w", {4, 2, 3, 3}, 72).ones("l", {4, 2, 3}, 24);
  return file.node("ConvTranspose", {"x", "w"}, {"y"}, with(std::move(attributes)));
}

ConvTransposeAttributes read(std::vector<WireWriter> attributes) {
  return last_attributes<ConvTransposeAttributes>(transposed(std::move(attributes)));
}

}  // namespace

TEST_CASE("ConvTranspose reads every attribute, and its output is as long as they say") {
  const OnnxFile file =
      transposed({ints_attribute("strides", {2, 3}), ints_attribute("dilations", {1, 2}),
                  ints_attribute("pads", {1, 0, 0, 1}), ints_attribute("output_padding", {1, 0}),
                  int_attribute("group", 2)});
  const auto conv = last_attributes<ConvTransposeAttributes>(file);
  CHECK(conv.window ==
        WindowAttributes{
            .kernel = {3, 3}, .stride = {2, 3}, .dilation = {1, 2}, .padding = {1, 0, 0, 1}});
  CHECK(conv.groups == 2);
  CHECK(conv.output_padding == Spatial{1, 0});
  CHECK(output_shape(file) == "N,4,11,19,");
  CHECK(output_shape(transposed({}, {"N", 4, "H", 6})) == "N,2,n.2,8,");
}

TEST_CASE("auto_pad makes the output stride times as long; output_shape asks for a length") {
  const WireWriter strides = ints_attribute("strides", {2, 2});
  const auto upper = read({strides, text_attribute("auto_pad", "SAME_UPPER")});
  CHECK(upper.window.padding == Padding{0, 0, 1, 1});
  const auto lower = read({strides, text_attribute("auto_pad", "SAME_LOWER")});
  CHECK(lower.window.padding == Padding{1, 1, 0, 0});
  CHECK(output_shape(transposed({strides, text_attribute("auto_pad", "SAME_UPPER")})) ==
        "N,2,10,12,");
  CHECK(output_shape(transposed({strides, ints_attribute("output_shape", {10, 14})})) ==
        "N,2,10,14,");
  CHECK(read({strides, ints_attribute("output_shape", {10, 14})}).output_padding == Spatial{0, 1});
  check_error(read_file(transposed({ints_attribute("output_shape", {9, 9})}, {"N", 4, "H", 6})),
              ErrorCode::kUnsupportedFeature, "dimensions are known");
}

TEST_CASE("ConvTranspose over one dimension is one over two, of height 1") {
  OnnxFile file;
  file.input("x", {"N", 4, 6}).ones("w", {4, 2, 3}, 24);
  file.node("ConvTranspose", {"x", "w"}, {"y"},
            with({ints_attribute("strides", {2}), ints_attribute("output_padding", {1}),
                  ints_attribute("output_shape", {12})}));
  CHECK(operators_of(file) == "Unsqueeze ConvTranspose Squeeze");
  CHECK(output_shape(file) == "N,2,12,");
}

TEST_CASE("ConvTranspose refuses what does not fit, and lengths that would overflow") {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  for (const int64_t bad : {int64_t{-1}, kHuge}) {
    check_error(read_file(transposed({ints_attribute("output_padding", {0, bad})})),
                ErrorCode::kInvalidModel, "is none");
    check_error(read_file(transposed({ints_attribute("output_shape", {bad, 9})})),
                ErrorCode::kInvalidModel, "is none");
    CHECK_FALSE(read_file(transposed({ints_attribute("strides", {bad, 1})})).ok());
    CHECK_FALSE(read_file(transposed({ints_attribute("dilations", {1, bad})})).ok());
    CHECK_FALSE(read_file(transposed({ints_attribute("pads", {0, 0, 0, bad})})).ok());
    CHECK_FALSE(read_file(transposed({int_attribute("group", bad)})).ok());
  }
  check_error(read_file(transposed({int_attribute("group", 3)})), ErrorCode::kShapeMismatch,
              "3 groups");
  check_error(read_file(transposed({ints_attribute("pads", {4, 0, 4, 0})})),
              ErrorCode::kShapeMismatch, "leaves nothing");
  OnnxFile computed;
  computed.input("x", {1, 4, 5, 6}).input("v", {4, 2, 3, 3});
  check_error(read_file(computed.node("ConvTranspose", {"x", "v"}, {"y"}, with({}))),
              ErrorCode::kUnsupportedFeature, "must be constants");
}

TEST_CASE("MaxPool of bytes without parameters is one of reals") {
  OnnxFile file;
  file.input("x", {"N", 4, 6}, kOnnxInt8);
  file.node("MaxPool", {"x"}, {"y"}, with({ints_attribute("kernel_shape", {3})}));
  CHECK(operators_of(file) == "Cast Unsqueeze MaxPool Squeeze Cast");
  CHECK(output_shape(file) == "N,4,4,");
}

}  // namespace lowbit::test

#include <doctest/doctest.h>

#include <limits>

#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/graph_difference.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();

Result<Graph> read(OnnxFile file) { return read_onnx(file.output("y").bytes()); }

OnnxNodeParts with(std::vector<WireWriter> attributes) {
  return {.attributes = std::move(attributes), .name = "n"};
}

template <class T>
T attributes_of(OnnxFile file) {
  const Graph graph = must(read(std::move(file)));
  REQUIRE(graph.nodes.size() == 1);
  return std::get<T>(graph.nodes[0].attributes);
}

// x [N, 4, 6].
OnnxFile cube(int64_t opset) { return OnnxFile(opset).input("x", {"N", 4, 6}); }

// The value read back must be the graph that was written.
void check_round_trip(Graph graph, int64_t opset) {
  graph.name = "moves";
  graph.opset = opset;
  const Graph back = must(read_onnx(must(write_onnx(graph))));
  CHECK(graph_difference(graph, back) == "");
}

}  // namespace

TEST_CASE("Transpose turns the axes around unless it says how") {
  CHECK(attributes_of<TransposeAttributes>(cube(13).node("Transpose", {"x"}, {"y"})).permutation ==
        std::vector<int64_t>{2, 1, 0});
  CHECK(attributes_of<TransposeAttributes>(
            cube(13).node("Transpose", {"x"}, {"y"}, with({ints_attribute("perm", {0, 2, 1})})))
            .permutation == std::vector<int64_t>{0, 2, 1});
}

TEST_CASE("Slice has attributes before opset 10, and inputs then") {
  const SliceAttributes expected{
      .starts = {1, 0}, .ends = {3, -1}, .axes = {1, 2}, .steps = {1, 1}};
  CHECK(attributes_of<SliceAttributes>(
            cube(9).node("Slice", {"x"}, {"y"},
                         with({ints_attribute("starts", {1, 0}), ints_attribute("ends", {3, -1}),
                               ints_attribute("axes", {1, 2})}))) == expected);
  OnnxFile file = cube(13);
  file.int64s("s", {1, 0}).int64s("e", {3, -1}).int64s("a", {1, 2}).int64s("t", {1, 2});
  CHECK(attributes_of<SliceAttributes>(OnnxFile(file).node("Slice", {"x", "s", "e", "a"}, {"y"})) ==
        expected);
  const auto stepped = attributes_of<SliceAttributes>(
      OnnxFile(file).node("Slice", {"x", "s", "e", "a", "t"}, {"y"}));
  CHECK(stepped.steps == std::vector<int64_t>{1, 2});
  CHECK(attributes_of<SliceAttributes>(
            cube(13).int64s("s", {0}).int64s("e", {1}).node("Slice", {"x", "s", "e"}, {"y"}))
            .axes == std::vector<int64_t>{0});
  check_error(read(OnnxFile(file).node("Slice", {"x", "s"}, {"y"})), ErrorCode::kInvalidModel,
              "starts and ends");
}

TEST_CASE("Split becomes one Slice per output, in equal parts or by lengths") {
  const auto parts = [](const Graph& graph) {
    std::vector<int64_t> lengths;
    for (const Node& node : graph.nodes) {
      CHECK(node.op == Op::kSlice);
      lengths.push_back(graph.value(node.output).shape[1]);
    }
    return lengths;
  };
  const auto split = [](OnnxFile file, std::vector<std::string> inputs,
                        std::vector<WireWriter> attributes, std::vector<std::string> outputs) {
    attributes.push_back(int_attribute("axis", 1));
    file.node("Split", inputs, outputs, with(std::move(attributes)));
    for (const std::string& name : outputs) file.output(name);
    return read_onnx(file.bytes());
  };
  CHECK(parts(must(split(cube(11), {"x"}, {}, {"a", "b"}))) == std::vector<int64_t>{2, 2});
  CHECK(parts(must(split(cube(11), {"x"}, {ints_attribute("split", {1, 3})}, {"a", "b"}))) ==
        std::vector<int64_t>{1, 3});
  CHECK(parts(must(split(cube(13).int64s("s", {3, 1}), {"x", "s"}, {}, {"a", "b"}))) ==
        std::vector<int64_t>{3, 1});
  OnnxFile uneven = OnnxFile(18).input("x", {"N", 7});
  CHECK(parts(must(split(uneven, {"x"}, {int_attribute("num_outputs", 3)}, {"a", "b", "c"}))) ==
        std::vector<int64_t>{3, 3, 1});
  check_error(split(cube(18), {"x"}, {int_attribute("num_outputs", 3)}, {"a", "b"}),
              ErrorCode::kInvalidModel, "num_outputs");
  check_error(split(cube(13), {"x"}, {}, {"a", "b", "c"}), ErrorCode::kInvalidModel, "equal parts");
  check_error(split(cube(13).int64s("s", {3, 2}), {"x", "s"}, {}, {"a", "b"}),
              ErrorCode::kInvalidModel, "do not make up");
  check_error(split(cube(13).int64s("s", {5, -1}), {"x", "s"}, {}, {"a", "b"}),
              ErrorCode::kInvalidModel, "length -1");
}

TEST_CASE("Pad reads pads of all axes or of some, and numbers of the elements' type") {
  CHECK(attributes_of<PadAttributes>(cube(2).node(
            "Pad", {"x"}, {"y"},
            with({ints_attribute("pads", {0, 1, 2, 0, 3, 4}), float_attribute("value", 0.5f)}))) ==
        PadAttributes{.pads = {0, 1, 2, 0, 3, 4}, .value = 0.5});
  CHECK(attributes_of<PadAttributes>(
            cube(13)
                .int64s("p", {0, 1, 2, 0, 3, 4})
                .node("Pad", {"x", "p"}, {"y"}, with({text_attribute("mode", "edge")}))) ==
        PadAttributes{.mode = PadMode::kEdge, .pads = {0, 1, 2, 0, 3, 4}});
  OnnxFile some = cube(18).int64s("p", {1, 2, 3, 4}).int64s("a", {-1, 1});
  some.floats("v", {}, {7});
  CHECK(attributes_of<PadAttributes>(OnnxFile(some).node("Pad", {"x", "p", "v", "a"}, {"y"})) ==
        PadAttributes{.pads = {0, 2, 1, 0, 4, 3}, .value = 7});
  check_error(read(some.node("Pad", {"x", "p", "v", "p"}, {"y"})), ErrorCode::kInvalidModel,
              "two pads");
  check_error(read(cube(13)
                       .int64s("p", {0, 0})
                       .node("Pad", {"x", "p"}, {"y"}, with({text_attribute("mode", "wrap")}))),
              ErrorCode::kInvalidModel, "'wrap'");
}

TEST_CASE("an expansion to the batch of another value stays symbolic, as PyTorch writes it") {
  // token.expand(x.shape[0], -1, 6): the -1 becomes 1 where the shape is compared with it.
  OnnxFile file(13);
  file.input("x", {"N", 4, 6}).floats("token", {1, 1, 6}, {1, 2, 3, 4, 5, 6});
  file.initializer(raw_tensor<int64_t>("zero", kOnnxInt64, {}, {0}));
  file.int64s("first", {0}).int64s("rest", {-1, 6}).int64s("minus", {-1}).int64s("three", {3});
  file.node("Shape", {"x"}, {"shape"});
  file.node("Gather", {"shape", "zero"}, {"n"}, with({int_attribute("axis", 0)}));
  file.node("Unsqueeze", {"n", "first"}, {"n1"});
  file.node("Concat", {"n1", "rest"}, {"wanted"}, {.attributes = {int_attribute("axis", 0)}});
  file.node(
      "ConstantOfShape", {"three"}, {"ones"},
      {.attributes = {tensor_attribute("value", raw_tensor<int64_t>("v", kOnnxInt64, {1}, {1}))}});
  file.node("Equal", {"wanted", "minus"}, {"kept"});
  file.node("Where", {"kept", "ones", "wanted"}, {"target"});
  file.node("Expand", {"token", "target"}, {"y"}, {.name = "expand"});
  const Graph graph = must(read(file));
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].inputs.size() == 2);
  CHECK(std::get<ExpandAttributes>(graph.nodes[0].attributes).shape ==
        std::vector<int64_t>{-1, 1, 6});
  CHECK(graph.value(graph.outputs[0]).shape == Shape{-1, 1, 6});
  check_round_trip(graph, 15);
}

TEST_CASE("shapes made with Slice, Gather, Equal and Where are followed") {
  // x.view(x.size(0), x.size(1) * 2, 3), and torch.flatten.
  OnnxFile file = cube(13);
  file.initializer(raw_tensor<int64_t>("one", kOnnxInt64, {}, {1}));
  file.initializer(raw_tensor<int64_t>("two", kOnnxInt64, {}, {2}));
  file.int64s("zeros", {0}).int64s("ones", {1}).int64s("threes", {3});
  file.node("Shape", {"x"}, {"shape"});
  file.node("Slice", {"shape", "zeros", "ones"}, {"n"}, with({}));
  file.node("Gather", {"shape", "one"}, {"c"});
  file.node("Mul", {"c", "two"}, {"c2"});
  file.node("Unsqueeze", {"c2", "zeros"}, {"channels"});
  file.node("Concat", {"n", "channels", "threes"}, {"target"},
            {.attributes = {int_attribute("axis", 0)}});
  file.node("Reshape", {"x", "target"}, {"y"});
  CHECK(attributes_of<ReshapeAttributes>(file).shape == std::vector<int64_t>{0, 8, 3});
}

TEST_CASE("ConstantOfShape is a constant of a known shape, else one number expanded") {
  OnnxFile known(13);
  known.input("x", {2, 3}).int64s("s", {2, 3}).node("ConstantOfShape", {"s"}, {"c"});
  known.node("Add", {"x", "c"}, {"y"});
  CHECK(must(read(known)).nodes.size() == 1);
  OnnxFile symbolic = cube(13);
  symbolic.node("Shape", {"x"}, {"s"}).node("ConstantOfShape", {"s"}, {"y"}, {.name = "c"});
  const Graph graph = must(read(symbolic));
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.value(graph.outputs[0]).shape == Shape{-1, 4, 6});
  check_round_trip(graph, 15);
  check_error(read(cube(13).int64s("s", {-2}).node("ConstantOfShape", {"s"}, {"y"})),
              ErrorCode::kInvalidModel, "negative");
}

TEST_CASE("an expansion to dimensions of two inputs asks for numbers") {
  OnnxFile file(15);
  file.input("x", {"N"}).input("z", {"T"}).floats("c", {1, 1}, {1});
  file.node("Shape", {"x"}, {"n"}).node("Shape", {"z"}, {"t"});
  file.node("Concat", {"n", "t"}, {"s"}, {.attributes = {int_attribute("axis", 0)}});
  file.node("Expand", {"c", "s"}, {"y"});
  check_error(read(file), ErrorCode::kUnsupportedFeature, "give the dimensions numbers");
}

TEST_CASE("Resize and Upsample of every opset") {
  OnnxFile file10(10), file9(9), file7(7);
  for (OnnxFile* file : {&file10, &file9, &file7}) file->input("x", {"N", 1, 2, 2});
  for (OnnxFile* file : {&file10, &file9}) file->floats("s", {4}, {1, 1, 2, 3});
  const ResizeAttributes first{.coordinates = ResizeCoordinates::kAsymmetric,
                               .rounding = ResizeRounding::kFloor,
                               .scales = {1, 1, 2, 3},
                               .sizes = {},
                               .roi = {}};
  CHECK(attributes_of<ResizeAttributes>(file10.node("Resize", {"x", "s"}, {"y"})) == first);
  CHECK(attributes_of<ResizeAttributes>(file9.node("Upsample", {"x", "s"}, {"y"})) == first);
  CHECK(attributes_of<ResizeAttributes>(file7.node(
            "Upsample", {"x"}, {"y"}, with({floats_attribute("scales", {1, 1, 2, 3})}))) == first);
  OnnxFile file18(18);
  file18.input("x", {"N", 1, 2, 2}).int64s("sizes", {4, 6}).floats("roi", {4}, {0.5, 0, 1, 1});
  const auto resize = attributes_of<ResizeAttributes>(
      file18.node("Resize", {"x", "roi", "", "sizes"}, {"y"},
                  with({ints_attribute("axes", {3, 2}), text_attribute("mode", "cubic"),
                        text_attribute("coordinate_transformation_mode", "tf_crop_and_resize"),
                        float_attribute("extrapolation_value", 9), int_attribute("antialias", 1),
                        float_attribute("cubic_coeff_a", -0.5f)})));
  CHECK(resize == ResizeAttributes{.mode = ResizeMode::kCubic,
                                   .coordinates = ResizeCoordinates::kTfCropAndResize,
                                   .scales = {},
                                   .sizes = {0, 0, 6, 4},
                                   .roi = {0, 0, 0, 0.5, 1, 1, 1, 1},
                                   .cubic_a = -0.5f,
                                   .extrapolation_value = 9,
                                   .antialias = true});
  OnnxFile bad(13);
  bad.input("x", {"N", 1, 2, 2}).int64s("sizes", {1, 1, 0, 4});
  check_error(read(OnnxFile(bad).node("Resize", {"x", "", "", "sizes"}, {"y"})),
              ErrorCode::kInvalidModel, "not positive");
  bad.int64s("good", {1, 1, 4, 4});
  check_error(read(bad.node("Resize", {"x", "", "", "good"}, {"y"},
                            with({text_attribute("mode", "spline")}))),
              ErrorCode::kInvalidModel, "'spline'");
}

TEST_CASE("sizes that are the input's own symbolic dimensions leave them, as PyTorch writes it") {
  OnnxFile file(13);
  file.input("x", {"N", 3, 2, 2}).int64s("start", {0}).int64s("end", {2}).int64s("side", {4, 6});
  file.node("Shape", {"x"}, {"shape"}).node("Slice", {"shape", "start", "end"}, {"outer"});
  file.node("Concat", {"outer", "side"}, {"sizes"}, {.attributes = {int_attribute("axis", 0)}});
  file.node("Resize", {"x", "", "", "sizes"}, {"y"}, {.name = "resize"});
  const Graph graph = must(read(file));
  REQUIRE(graph.nodes.size() == 1);
  CHECK(std::get<ResizeAttributes>(graph.nodes[0].attributes).sizes ==
        std::vector<int64_t>{0, 3, 4, 6});
  CHECK(graph.value(graph.outputs[0]).shape == Shape{-1, 3, 4, 6});
}

// Every operator of this family with attributes off their defaults.
ValueId chain(GraphBuilder& b, ValueId x) {
  x = b.add_node(Op::kTranspose, "transpose", {x}, TransposeAttributes{{0, 2, 1, 3}});
  x = b.add_node(Op::kSlice, "slice", {x},
                 SliceAttributes{.starts = {1}, .ends = {kEnd}, .axes = {1}, .steps = {2}});
  x = b.add_node(Op::kPad, "pad", {x},
                 PadAttributes{.mode = PadMode::kReflect, .pads = {0, 1, 0, 0, 0, 0, 1, 1}});
  x = b.add_node(Op::kPad, "fill", {x},
                 PadAttributes{.pads = {0, 0, 0, 1, 0, 0, 0, 1}, .value = -1});
  x = b.add_node(Op::kTile, "tile", {x}, TileAttributes{{1, 4, 1, 1}});
  x = b.add_node(Op::kDepthToSpace, "depth_to_space", {x}, BlockAttributes{2, false});
  x = b.add_node(Op::kSpaceToDepth, "space_to_depth", {x}, BlockAttributes{2});
  ResizeAttributes resize{.mode = ResizeMode::kLinear,
                          .coordinates = ResizeCoordinates::kAlignCorners,
                          .scales = {1, 1, 2, 1.5f},
                          .sizes = {},
                          .roi = {}};
  x = b.add_node(Op::kResize, "scale", {x}, resize);
  resize = {.coordinates = ResizeCoordinates::kPytorchHalfPixel,
            .rounding = ResizeRounding::kCeil,
            .aspect = ResizeAspect::kNotLarger,
            .scales = {},
            .sizes = {0, 0, 7, 9},
            .roi = {}};
  x = b.add_node(Op::kResize, "fit", {x}, resize);
  const ValueId places = b.constant<int64_t>("places", {2, 2}, {0, 1, -1, 0});
  x = b.add_node(Op::kGather, "gather", {x, places}, AxisAttributes{2});
  return b.add_node(Op::kExpand, "expand", {x}, ExpandAttributes{{3, 1, 1, 1, 1, 1}});
}

TEST_CASE("operators that move elements survive a round trip in either precision") {
  GraphBuilder reals, integers;
  const Shape shape{reals.symbol("N"), 3, 5, 4};
  integers.symbol("N");
  check_round_trip(reals.output(chain(reals, reals.input("x", shape))).build(), 18);
  const ValueId q =
      integers.quantize_linear(integers.input("x", shape), activation_params(0.02f, 128));
  check_round_trip(integers.output(integers.dequantize_linear(chain(integers, q))).build(), 18);
}

TEST_CASE("what a file's opset lacks raises it") {
  const auto opset_with = [](Op op, const Attributes& attributes) {
    GraphBuilder b;
    const ValueId x = b.input("x", {b.symbol("N"), 1, 4, 4});
    b.graph().opset = 13;
    return must(read_onnx(must(write_onnx(b.output(b.add_node(op, "y", {x}, attributes)).build()))))
        .opset;
  };
  ResizeAttributes resize{.scales = {}, .sizes = {3, 1, 8, 8}, .roi = {}};
  CHECK(opset_with(Op::kResize, resize) == 13);
  resize.antialias = true;
  CHECK(opset_with(Op::kResize, resize) == 18);
  resize = {.coordinates = ResizeCoordinates::kHalfPixelSymmetric,
            .scales = {1, 1, 2, 2},
            .sizes = {},
            .roi = {}};
  CHECK(opset_with(Op::kResize, resize) == 19);
  CHECK(opset_with(Op::kPad,
                   PadAttributes{.mode = PadMode::kWrap, .pads = {0, 0, 1, 0, 0, 0, 0, 0}}) == 19);
  CHECK(opset_with(Op::kPad, PadAttributes{.pads = {0, 0, 1, 0, 0, 0, 0, 0}}) == 13);
}

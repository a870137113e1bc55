#include "formats/onnx_proto.h"
#include "unit/formats/read_file.h"

namespace lowbit::test {
namespace {

OnnxFile reduce(int64_t opset, const char* op, std::vector<std::string> inputs,
                std::vector<WireWriter> attributes) {
  OnnxFile file(opset);
  file.input("x", {"N", 3, 4}).int64s("axes", {1, -1});
  return file.node(op, inputs, {"y"}, with(std::move(attributes)));
}

}  // namespace

TEST_CASE("Axes of a reduction are an attribute, then an input, from another opset for ReduceSum") {
  const ReduceAttributes expected{.axes = {1, -1}, .keep_dims = false};
  const WireWriter axes = ints_attribute("axes", {1, -1});
  const WireWriter flat = int_attribute("keepdims", 0);
  for (const auto& [op, first] :
       {std::pair("ReduceSum", 13), {"ReduceMax", 18}, {"ReduceProd", 18}}) {
    CAPTURE(op);
    CHECK(last_attributes<ReduceAttributes>(reduce(first - 1, op, {"x"}, {axes, flat})) ==
          expected);
    CHECK(last_attributes<ReduceAttributes>(reduce(first, op, {"x", "axes"}, {flat})) == expected);
    CHECK(last_attributes<ReduceAttributes>(reduce(first, op, {"x"}, {})) == ReduceAttributes{});
    check_error(read_file(reduce(first, op, {"x"}, {axes})), ErrorCode::kUnsupportedFeature,
                "'axes'");
  }
  CHECK(output_shape(reduce(13, "ReduceSum", {"x", "axes"}, {flat})) == "N,");
  CHECK(output_shape(reduce(13, "ReduceSum", {"x", "axes"}, {})) == "N,1,1,");
}

TEST_CASE("A reduction over no axes can mean nothing to do") {
  const WireWriter noop = int_attribute("noop_with_empty_axes", 1);
  CHECK(operators_of(reduce(18, "ReduceMean", {"x"}, {noop})) == "Identity");
  CHECK(operators_of(reduce(18, "ReduceMean", {"x", "axes"}, {noop})) == "ReduceMean");
}

TEST_CASE("Reductions of other functions are the function and a reduction") {
  CHECK(operators_of(reduce(13, "ReduceL1", {"x"}, {})) == "Abs ReduceSum");
  CHECK(operators_of(reduce(13, "ReduceL2", {"x"}, {})) == "Mul ReduceSum Sqrt");
  CHECK(operators_of(reduce(13, "ReduceSumSquare", {"x"}, {})) == "Mul ReduceSum");
  CHECK(operators_of(reduce(13, "ReduceLogSum", {"x"}, {})) == "ReduceSum Log");
  CHECK(operators_of(reduce(13, "ReduceLogSumExp", {"x"}, {int_attribute("keepdims", 0)})) ==
        "ReduceMax Sub Exp ReduceSum Log Add ReduceMax");
}

TEST_CASE("Axes out of range or there twice, and axes that depend on data, are refused") {
  for (const std::vector<int64_t>& axes : {std::vector<int64_t>{3}, {-4}, {1, -2}}) {
    check_error(read_file(reduce(13, "ReduceMax", {"x"}, {ints_attribute("axes", axes)})),
                ErrorCode::kInvalidModel, "axis");
  }
  OnnxFile file(18);
  file.input("x", {2, 3}).input("a", {1}, kOnnxInt64);
  check_error(read_file(file.node("ReduceMax", {"x", "a"}, {"y"}, with({}))),
              ErrorCode::kUnsupportedFeature, "depends on data");
}

TEST_CASE("ArgMax and ArgMin have their attributes, and give int64") {
  const OnnxFile file = reduce(13, "ArgMin", {"x"},
                               {int_attribute("axis", -1), int_attribute("keepdims", 0),
                                int_attribute("select_last_index", 1)});
  CHECK(last_attributes<ArgAttributes>(file) ==
        ArgAttributes{.axis = -1, .keep_dims = false, .select_last = true});
  const Graph graph = must(read_file(file));
  CHECK(graph.value(graph.outputs[0]).dtype == DType::kI64);
  CHECK(output_shape(file) == "N,3,");
  CHECK(last_attributes<ArgAttributes>(reduce(11, "ArgMax", {"x"}, {})) == ArgAttributes{});
  check_error(read_file(reduce(13, "ArgMax", {"x"}, {int_attribute("axis", 3)})),
              ErrorCode::kInvalidModel, "axis 3");
}

TEST_CASE("TopK is a node per output, of which the unused goes") {
  const auto top = [](int64_t opset, std::vector<WireWriter> attributes, const char* values,
                      const char* indices) {
    OnnxFile file(opset);
    file.input("x", {"N", 6}).int64s("k", {2});
    std::vector<std::string> inputs{"x"};
    if (opset >= 10) inputs.emplace_back("k");
    return file.node("TopK", inputs, {values, indices}, with(std::move(attributes)));
  };
  OnnxFile both = top(11, {int_attribute("largest", 0), int_attribute("sorted", 0)}, "y", "i");
  CHECK(last_attributes<TopKAttributes>(both) == TopKAttributes{-1, 2, false, false});
  CHECK(output_shape(both) == "N,2,");
  CHECK(operators_of(both.output("i")) == "TopK TopK");
  const std::vector<std::byte> written = must(write_onnx(must(read_file(both))));
  CHECK(must(parse_onnx_model(written)).graph.nodes[0].outputs.size() == 2);  // ONNX has no fewer
  const OnnxFile indices = top(13, {int_attribute("axis", 1)}, "v", "y");
  CHECK(last_attributes<TopKAttributes>(indices) == TopKAttributes{1, 2, true, true});
  CHECK(must(read_file(indices)).nodes[0].name == "n");
  CHECK(last_attributes<TopKAttributes>(top(1, {int_attribute("k", 3)}, "y", "i")).k == 3);
  check_error(read_file(top(1, {}, "y", "i")), ErrorCode::kShapeMismatch, "k is 0");
  check_error(read_file(top(1, {int_attribute("k", 7)}, "y", "i")), ErrorCode::kShapeMismatch,
              "length 6");
}

TEST_CASE("GlobalMaxPool is a maximum over the spatial axes, of any number") {
  const auto pool = [](std::vector<OnnxDim> dims) {
    return OnnxFile().input("x", std::move(dims)).node("GlobalMaxPool", {"x"}, {"y"}, with({}));
  };
  CHECK(last_attributes<ReduceAttributes>(pool({"N", 3, "H", "W"})) ==
        ReduceAttributes{.axes = {2, 3}});
  CHECK(output_shape(pool({"N", 3, 4, 5, 6})) == "N,3,1,1,1,");
  check_error(read_file(pool({"N", 3})), ErrorCode::kInvalidModel, "no spatial");
}

TEST_CASE("Einsum is read with its output and its ellipsis as letters") {
  const auto einsum = [](const char* equation, std::vector<OnnxDim> a, std::vector<OnnxDim> b) {
    OnnxFile file;
    file.input("a", std::move(a));
    std::vector<std::string> inputs{"a"};
    if (!b.empty()) {
      file.input("b", std::move(b));
      inputs.emplace_back("b");
    }
    return file.node("Einsum", inputs, {"y"}, with({text_attribute("equation", equation)}));
  };
  const auto equation = [&](const char* text, std::vector<OnnxDim> a, std::vector<OnnxDim> b) {
    return last_attributes<EinsumAttributes>(einsum(text, std::move(a), std::move(b))).equation;
  };
  CHECK(equation("ij, jk -> ik", {"N", 3}, {3, 4}) == "ij,jk->ik");
  CHECK(equation("ij,jk", {"N", 3}, {3, 4}) == "ij,jk->ik");
  CHECK(equation("ba", {2, 3}, {}) == "ba->ab");
  CHECK(equation("...ii->...i", {"N", 5, 3, 3}, {}) == "YZii->YZi");
  CHECK(equation("...ij,...jk->...ik", {"N", 2, 3, 4}, {2, 4, 5}) == "YZij,Zjk->YZik");
  CHECK(output_shape(einsum("nc,nd->ncd", {"N", 3}, {"N", 4})) == "N,3,4,");
  for (const char* bad : {"i->ii", "ij->k", "i1->i", "......ii->i", "ij->->i"}) {
    CAPTURE(std::string(bad));
    check_error(read_file(einsum(bad, {2, 2}, {})), ErrorCode::kInvalidModel, "equation");
  }
  check_error(read_file(einsum("ij,jk->ik", {2, 3}, {4, 5})), ErrorCode::kShapeMismatch, "'jk'");
  check_error(read_file(einsum("ij->i", {2, 3, 4}, {})), ErrorCode::kShapeMismatch, "'ij'");
  check_error(read_file(einsum("ij->i", {2, 3}, {2})), ErrorCode::kShapeMismatch, "operands");
  check_error(read_file(einsum("abcde,fghij->abcdefghij", {1, 1, 1, 1, 1}, {1, 1, 1, 1, 1})),
              ErrorCode::kLimitExceeded, "letters");
  const std::string everything = "ABCDEFGHIJKLMNOPQRSTUVWXYZ...->...";
  check_error(read_file(einsum(everything.c_str(), {2, 2}, {})), ErrorCode::kLimitExceeded,
              "letters");
  check_error(read_file(einsum(std::string(300, 'a').c_str(), {2, 2}, {})),
              ErrorCode::kLimitExceeded, "too long");
}

}  // namespace lowbit::test

#include "graph/shape_inference.h"

#include <doctest/doctest.h>

#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// The shape of a builder's newest value, or the code of the error.
struct Outcome {
  std::optional<Shape> shape;
  std::optional<ErrorCode> code;
  std::string where;
  std::string message;
};

Outcome outcome_of(GraphBuilder& b, ValueId output) {
  const Result<Graph> inferred = infer_shapes(b.output(output).build());
  if (!inferred) {
    return {.shape = {},
            .code = inferred.error().code,
            .where = inferred.error().where,
            .message = inferred.error().message};
  }
  return {.shape = inferred->value(output).shape, .code = {}, .where = {}, .message = {}};
}

// One input of shape `x`, one operator.
template <class Make>
Outcome infer_one(const Shape& x, Make&& make) {
  GraphBuilder b;
  return outcome_of(b, make(b, b.input("x", x)));
}

template <class Make>
Outcome infer_two(const Shape& a, const Shape& c, Make&& make) {
  GraphBuilder b;
  const ValueId left = b.input("a", a);
  return outcome_of(b, make(b, left, b.input("b", c)));
}

}  // namespace

TEST_CASE("A convolution's output has the weight's channels and the window's extent") {
  const Outcome o = infer_one({2, 4, 9, 8}, [](GraphBuilder& b, ValueId x) {
    return b.conv(x, {.channels = 6,
                      .kernel = {3, 5},
                      .stride = {2, 1},
                      .dilation = {2, 1},
                      .padding = {1, 2, 0, 2},
                      .groups = 2});
  });
  CHECK(o.shape == Shape{2, 6, 3, 8});
}

TEST_CASE("A convolution names both sides of a mismatch of channels") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 8, 4, 4});
  const ValueId y = b.name("stem").conv(x, {.channels = 4});
  b.graph().value(x).shape = {1, 16, 4, 4};
  const Outcome o = outcome_of(b, y);
  CHECK(o.code == ErrorCode::kShapeMismatch);
  CHECK(o.where == "stem");
  CHECK(o.message ==
        "node 'stem' (Conv): weight has 8 input channels per group, the input has 16 channels in "
        "1 group");
}

TEST_CASE("A convolution refuses groups, kernels, biases and ranks that do not fit") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 4, 8, 8});
  const ValueId y = b.conv(x, {.channels = 6, .kernel = {3, 3}, .groups = 2});
  const Graph graph = b.output(y).build();
  REQUIRE(infer_shapes(graph).ok());
  const auto code_after = [&](auto&& spoil) {
    Graph spoiled = graph;
    spoil(spoiled, std::get<ConvAttributes>(spoiled.nodes[0].attributes));
    const Result<Graph> result = infer_shapes(spoiled);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().where == "conv1");
    return result.error().code;
  };
  CHECK(code_after([](Graph&, ConvAttributes& a) { a.groups = 0; }) == ErrorCode::kInvalidModel);
  CHECK(code_after([](Graph&, ConvAttributes& a) { a.groups = 4; }) == ErrorCode::kInvalidModel);
  CHECK(code_after([](Graph&, ConvAttributes& a) {
          a.groups = std::numeric_limits<int64_t>::min();
        }) == ErrorCode::kInvalidModel);
  CHECK(code_after([](Graph&, ConvAttributes& a) { a.groups = 3; }) == ErrorCode::kShapeMismatch);
  CHECK(code_after([](Graph&, ConvAttributes& a) { a.window.kernel.h = 5; }) ==
        ErrorCode::kShapeMismatch);
  CHECK(code_after([](Graph&, ConvAttributes& a) { a.window.stride.w = 0; }) ==
        ErrorCode::kInvalidModel);
  CHECK(code_after([](Graph& g, ConvAttributes&) {
          g.nodes[0].inputs[2] = g.nodes[0].inputs[1];
        }) == ErrorCode::kShapeMismatch);
  CHECK(code_after([](Graph& g, ConvAttributes&) { g.value(0).shape = {1, 4, 8}; }) ==
        ErrorCode::kUnsupportedFeature);
  CHECK(code_after([](Graph& g, ConvAttributes&) { g.value(0).shape = {1, 4, 2, 2}; }) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("Pooling keeps the channels") {
  CHECK(infer_one({2, 3, 7, 7}, [](GraphBuilder& b, ValueId x) {
          return b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}, .ceil_mode = true});
        }).shape == Shape{2, 3, 4, 4});
  CHECK(infer_one({2, 3, 7, 5}, [](GraphBuilder& b, ValueId x) {
          return b.average_pool(x, {.kernel = {3, 3}, .auto_pad = AutoPad::kSameLower});
        }).shape == Shape{2, 3, 7, 5});
  CHECK(infer_one({2, 3, 7, 5}, [](GraphBuilder& b, ValueId x) {
          return b.global_average_pool(x);
        }).shape == Shape{2, 3, 1, 1});
}

TEST_CASE("Pooling refuses padding that could fill a whole window") {
  const Outcome o = infer_one({1, 1, 4, 4}, [](GraphBuilder& b, ValueId x) {
    return b.max_pool(x, {.kernel = {2, 2}, .padding = {0, 2, 0, 0}});
  });
  CHECK(o.code == ErrorCode::kInvalidModel);
}

TEST_CASE("Gemm follows its transpositions, and its bias may broadcast") {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      CHECK(infer_one(transpose_a ? Shape{5, 3} : Shape{3, 5}, [&](GraphBuilder& b, ValueId x) {
              return b.gemm(
                  x, {.features = 7, .transpose_a = transpose_a, .transpose_b = transpose_b});
            }).shape == Shape{3, 7});
    }
  }
  const auto with_bias = [](const Shape& c) {
    return infer_one({3, 5}, [&](GraphBuilder& b, ValueId x) {
      const ValueId y = b.gemm(x, {.features = 7, .has_bias = false});
      b.graph().nodes[0].inputs.push_back(b.random_constant("c", c, -1, 1));
      return y;
    });
  };
  for (const Shape& c : {Shape{}, Shape{1}, Shape{7}, Shape{1, 7}, Shape{3, 1}, Shape{3, 7}}) {
    CHECK(with_bias(c).shape == Shape{3, 7});
  }
  for (const Shape& c : {Shape{3}, Shape{2, 7}, Shape{1, 1, 7}}) {
    CHECK(with_bias(c).code == ErrorCode::kShapeMismatch);
  }
}

TEST_CASE("Gemm refuses depths and ranks that do not fit") {
  GraphBuilder b;
  const ValueId y = b.gemm(b.input("x", {3, 5}), {.features = 2});
  b.graph().value(0).shape = {3, 6};
  CHECK(outcome_of(b, y).code == ErrorCode::kShapeMismatch);
  b.graph().value(0).shape = {3, 5, 1};
  CHECK(infer_shapes(b.graph()).error().code == ErrorCode::kShapeMismatch);
}

TEST_CASE("MatMul of vectors, matrices and batches of them") {
  struct {
    Shape a, b;
    std::optional<Shape> y;
  } const cases[] = {
      {{5}, {5}, Shape{}},
      {{5}, {5, 2}, Shape{2}},
      {{3, 5}, {5}, Shape{3}},
      {{3, 5}, {5, 2}, Shape{3, 2}},
      {{4, 3, 5}, {5, 2}, Shape{4, 3, 2}},
      {{4, 3, 5}, {5}, Shape{4, 3}},
      {{5}, {4, 5, 2}, Shape{4, 2}},
      {{4, 1, 3, 5}, {6, 5, 2}, Shape{4, 6, 3, 2}},
      {{3, 5}, {4, 2}, std::nullopt},
      {{2, 3, 5}, {3, 5, 2}, std::nullopt},
      {{}, {5}, std::nullopt},
  };
  for (const auto& c : cases) {
    const Outcome o = infer_two(
        c.a, c.b, [](GraphBuilder& b, ValueId x, ValueId y) { return b.matmul_of(x, y); });
    CAPTURE(c.a.to_string());
    CAPTURE(c.b.to_string());
    CHECK(o.shape == c.y);
    if (!c.y) CHECK(o.code == ErrorCode::kShapeMismatch);
  }
}

TEST_CASE("Add broadcasts as numpy does") {
  const auto add = [](const Shape& a, const Shape& b) {
    return infer_two(a, b, [](GraphBuilder& g, ValueId x, ValueId y) { return g.add(x, y); });
  };
  CHECK(add({2, 3, 4}, {2, 3, 4}).shape == Shape{2, 3, 4});
  CHECK(add({2, 3, 4}, {4}).shape == Shape{2, 3, 4});
  CHECK(add({3, 1}, {2, 1, 4}).shape == Shape{2, 3, 4});
  CHECK(add({}, {2, 1}).shape == Shape{2, 1});
  CHECK(add({2, 3}, {3, 2}).code == ErrorCode::kShapeMismatch);
}

TEST_CASE("Flatten splits at its axis, from either end") {
  const auto flatten = [](int64_t axis) {
    return infer_one({2, 3, 4, 5}, [&](GraphBuilder& b, ValueId x) { return b.flatten(x, axis); });
  };
  CHECK(flatten(0).shape == Shape{1, 120});
  CHECK(flatten(1).shape == Shape{2, 60});
  CHECK(flatten(3).shape == Shape{24, 5});
  CHECK(flatten(4).shape == Shape{120, 1});
  CHECK(flatten(-1).shape == Shape{24, 5});
  CHECK(flatten(-4).shape == Shape{1, 120});
  CHECK(flatten(5).code == ErrorCode::kInvalidModel);
  CHECK(flatten(-5).code == ErrorCode::kInvalidModel);
}

TEST_CASE("Reshape copies with 0, infers with -1, and refuses what does not fit") {
  const auto reshape = [](std::vector<int64_t> shape, bool allow_zero = false) {
    return infer_one({2, 3, 4},
                     [&](GraphBuilder& b, ValueId x) { return b.reshape(x, shape, allow_zero); });
  };
  CHECK(reshape({24}).shape == Shape{24});
  CHECK(reshape({0, -1}).shape == Shape{2, 12});
  CHECK(reshape({0, 0, 2, -1}).shape == Shape{2, 3, 2, 2});
  CHECK(reshape({-1, 8}).shape == Shape{3, 8});
  CHECK(reshape({4, 3, 2, 1, 1}).shape == Shape{4, 3, 2, 1, 1});
  CHECK(reshape({5, -1}).code == ErrorCode::kShapeMismatch);
  CHECK(reshape({25}).code == ErrorCode::kShapeMismatch);
  CHECK(reshape({}).code == ErrorCode::kShapeMismatch);
  CHECK(reshape({2, 3, 4, 0}).code == ErrorCode::kShapeMismatch);
  CHECK(reshape({0, 12}, true).code == ErrorCode::kShapeMismatch);
  CHECK(reshape({-1, -1}).code == ErrorCode::kInvalidModel);
  CHECK(reshape({-2, 12}).code == ErrorCode::kInvalidModel);
  CHECK(reshape({std::numeric_limits<int64_t>::max(), 2}).code == ErrorCode::kShapeMismatch);
  CHECK(reshape({1, 1, 1, 1, 1, 1, 1, 1, 24}).code == ErrorCode::kLimitExceeded);
}

TEST_CASE("Concat adds up its axis and needs the others equal") {
  const auto concat = [](const Shape& a, const Shape& b, int64_t axis) {
    return infer_two(a, b,
                     [&](GraphBuilder& g, ValueId x, ValueId y) { return g.concat({x, y}, axis); });
  };
  CHECK(concat({2, 3, 4}, {2, 5, 4}, 1).shape == Shape{2, 8, 4});
  CHECK(concat({2, 3, 4}, {2, 3, 1}, -1).shape == Shape{2, 3, 5});
  CHECK(concat({2, 3}, {2, 4}, 0).code == ErrorCode::kShapeMismatch);
  CHECK(concat({2, 3}, {2, 3, 1}, 0).code == ErrorCode::kShapeMismatch);
  CHECK(concat({2, 3}, {2, 3}, 2).code == ErrorCode::kInvalidModel);
}

TEST_CASE("Element-wise operators keep the shape; Softmax checks its axis") {
  const Shape x{2, 3, 4};
  const auto keeps = [&](auto&& make) { CHECK(infer_one(x, make).shape == x); };
  keeps([](GraphBuilder& b, ValueId v) { return b.relu(v); });
  keeps([](GraphBuilder& b, ValueId v) { return b.clip(v, 0, 6); });
  keeps([](GraphBuilder& b, ValueId v) { return b.identity(v); });
  keeps([](GraphBuilder& b, ValueId v) { return b.dropout(v); });
  keeps([](GraphBuilder& b, ValueId v) { return b.batch_norm(v); });
  keeps([](GraphBuilder& b, ValueId v) { return b.softmax(v, -3); });
  CHECK(infer_one(x, [](GraphBuilder& b, ValueId v) { return b.softmax(v, 3); }).code ==
        ErrorCode::kInvalidModel);
  CHECK(infer_one({4}, [](GraphBuilder& b, ValueId v) { return b.batch_norm(v); }).code ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("Dtypes follow the quantization parameters") {
  GraphBuilder b;
  const ValueId q = b.quantize_linear(b.input("x", {1, 4}), activation_params(0.1f, 3));
  const ValueId y = b.dequantize_linear(b.gemm(q, {.features = 2}));
  Graph graph = b.output(y).build();
  for (Node& node : graph.nodes) graph.value(node.output).dtype = DType::kI64;
  const Graph inferred = must(infer_shapes(graph));
  CHECK(inferred.value(q).dtype == DType::kU8);
  CHECK(inferred.value(inferred.nodes[1].output).dtype == DType::kU8);
  CHECK(inferred.value(y).dtype == DType::kF32);
}

TEST_CASE("A symbolic batch is carried through a whole network") {
  GraphBuilder b;
  const int64_t n = b.symbol("N");
  const ValueId x = b.input("x", {n, 3, 8, 8});
  ValueId y = b.conv(x, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  y = b.add(b.relu(b.batch_norm(y)), y);
  y = b.concat({b.max_pool(y, {.kernel = {2, 2}, .stride = {2, 2}}),
                b.average_pool(y, {.kernel = {2, 2}, .stride = {2, 2}})});
  const ValueId flat = b.flatten(y);
  CHECK(b.graph().value(flat).shape == Shape{n, 128});
  const ValueId reshaped = b.reshape(y, {-1, 128});
  CHECK(b.graph().value(reshaped).shape == Shape{n, 128});
  const ValueId copied = b.reshape(y, {0, 4, 2, 4, 4});
  CHECK(b.graph().value(copied).shape == Shape{n, 4, 2, 4, 4});
  const ValueId pooled = b.global_average_pool(y);
  CHECK(b.graph().value(b.reshape(pooled, {-1, 8})).shape == Shape{n, 8});
  const ValueId logits = b.softmax(b.matmul(b.gemm(flat, {.features = 10}), 5));
  CHECK(b.graph().value(logits).shape == Shape{n, 5});
  CHECK(b.graph().symbols == std::vector<std::string>{"N"});
}

TEST_CASE("A dimension that no symbol expresses gets a symbol of its own, the same each time") {
  GraphBuilder b;
  const int64_t n = b.symbol("N");
  const int64_t h = b.symbol("H");
  const ValueId x = b.input("x", {n, 2, h, 6});
  const ValueId same = b.conv(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  CHECK(b.graph().value(same).shape == Shape{n, 1, h, 6});
  const ValueId same_upper = b.max_pool(x, {.kernel = {2, 2}, .auto_pad = AutoPad::kSameUpper});
  CHECK(b.graph().value(same_upper).shape == Shape{n, 2, h, 6});
  const ValueId halved = b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}});
  b.flatten(halved);
  b.reshape(x, {-1, 5});
  Graph graph = b.output(halved).output(same).build();
  graph.symbols.push_back("never used");

  const Graph once = must(infer_shapes(graph));
  CHECK(once.symbols ==
        std::vector<std::string>{"N", "H", "max_pool2.2", "flatten1.1", "reshape1.0"});
  CHECK(once.value(halved).shape == Shape{n, 2, -3, 3});
  const Graph twice = must(infer_shapes(once));
  CHECK(twice.symbols == once.symbols);
  for (size_t i = 0; i < once.values.size(); ++i) {
    CHECK(twice.values[i].shape == once.values[i].shape);
  }
}

TEST_CASE("A new symbol never takes the name of one that an input uses") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 1, b.symbol("max_pool1.2"), 4});
  const ValueId y = b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}});
  const Graph graph = must(infer_shapes(b.output(y).build()));
  CHECK(graph.symbols == std::vector<std::string>{"max_pool1.2", "max_pool1.2'"});
  CHECK(graph.value(y).shape == Shape{1, 1, -2, 2});
}

TEST_CASE("What a symbol rules out is refused, what it may allow is not") {
  GraphBuilder b;
  const int64_t n = b.symbol("N");
  const int64_t m = b.symbol("M");
  const ValueId x = b.input("x", {n, 3});
  const auto shape = [&](ValueId id) { return b.graph().value(id).shape; };
  const auto fails = [&](ValueId id) {
    Graph graph = b.graph();
    return infer_shape(graph, graph.nodes.back()).ok() == false && shape(id) == Shape{};
  };
  CHECK(shape(b.add(x, b.input("one", {1, 3}))) == Shape{n, 3});
  CHECK(shape(b.add(x, b.input("five", {5, 3}))) == Shape{5, 3});
  const ValueId other = b.input("other", {m, 3});
  const Shape sum = shape(b.add(x, other));
  CHECK(sum[0] < 0);
  CHECK(sum[0] != n);
  CHECK(sum[0] != m);
  CHECK(shape(b.reshape(x, {6})) == Shape{6});  // N = 2
  CHECK(fails(b.reshape(x, {7})));              // N * 3 is never 7
  CHECK(fails(b.reshape(x, {0, 4})));           // N cancels, 3 is not 4
  CHECK(shape(b.concat({x, other}, 1)) == Shape{n, 6});
  const ValueId joined = b.concat({x, other}, 0);
  CHECK(shape(joined)[0] < 0);
  CHECK(shape(b.concat({x, b.input("two", {2, 1})}, 1)) == Shape{2, 4});
}

TEST_CASE("Shapes above the limit and shapes without elements are refused") {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const auto relu = [](GraphBuilder& b, ValueId x) { return b.relu(x); };
  CHECK(infer_one({1 << 16, 1 << 16}, relu).code == ErrorCode::kLimitExceeded);
  CHECK(infer_one({kHuge, kHuge}, relu).code == ErrorCode::kLimitExceeded);
  CHECK(infer_one({3, 0}, relu).code == ErrorCode::kShapeMismatch);
  // The sum of the outer product's dimensions is small, its product is not.
  CHECK(infer_two({1 << 20, 1}, {1, 1 << 20}, [](GraphBuilder& b, ValueId x, ValueId y) {
          return b.add(x, y);
        }).code == ErrorCode::kLimitExceeded);
  CHECK(infer_two({kMaxElements}, {kMaxElements}, [](GraphBuilder& b, ValueId x, ValueId y) {
          return b.concat({x, y}, 0);
        }).code == ErrorCode::kLimitExceeded);
}

TEST_CASE("specialize() makes every shape concrete and keeps the ids") {
  GraphBuilder b;
  const int64_t n = b.symbol("N");
  const ValueId x = b.input("x", {n, 1, b.symbol("H"), 8});
  const ValueId y = b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}});
  const ValueId z = b.flatten(y);
  const Graph graph = must(infer_shapes(b.output(z).build()));
  const Shape given[] = {{5, 1, 7, 8}};
  const Graph concrete = must(specialize(graph, given));
  CHECK(concrete.symbols.empty());
  CHECK(concrete.value(x).shape == Shape{5, 1, 7, 8});
  CHECK(concrete.value(y).shape == Shape{5, 1, 3, 4});
  CHECK(concrete.value(z).shape == Shape{5, 12});
  CHECK(graph.value(z).shape[0] == n);
}

TEST_CASE("specialize() names the input that does not fit, and both shapes") {
  GraphBuilder b;
  const int64_t n = b.symbol("N");
  const ValueId x = b.input("x", {n, 3});
  const ValueId z = b.input("z", {n, 3});
  const Graph graph = b.output(b.add(x, z)).build();
  const auto error = [&](const std::vector<Shape>& shapes) {
    const Result<Graph> result = specialize(graph, shapes);
    REQUIRE_FALSE(result.ok());
    return result.error();
  };
  CHECK(error({{2, 3}}).code == ErrorCode::kInvalidArgument);
  const Error wrong = error({{2, 3}, {2, 4}});
  CHECK(wrong.code == ErrorCode::kShapeMismatch);
  CHECK(wrong.where == "z");
  CHECK(wrong.message == "value 'z': the input has shape [N, 3], but [2, 4] was given");
  const Error split = error({{2, 3}, {3, 3}});
  CHECK(split.code == ErrorCode::kShapeMismatch);
  CHECK(split.message ==
        "value 'z': the input has shape [N, 3], but [3, 3] was given, and N is 2 already");
  CHECK(error({{2, 3, 1}, {2, 3}}).code == ErrorCode::kShapeMismatch);
  CHECK(error({{-1, 3}, {2, 3}}).code == ErrorCode::kShapeMismatch);
  CHECK(error({{0, 3}, {0, 3}}).code == ErrorCode::kShapeMismatch);
  CHECK(error({{kMaxElements, 3}, {kMaxElements, 3}}).code == ErrorCode::kLimitExceeded);
}

TEST_CASE("specialize() refuses a number that the operators cannot take") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 3});
  const Graph graph = b.output(b.reshape(x, {6})).build();
  const Shape two[] = {{2, 3}};
  const Shape three[] = {{3, 3}};
  CHECK(specialize(graph, two).ok());
  CHECK(specialize(graph, three).error().where == "reshape1");
}

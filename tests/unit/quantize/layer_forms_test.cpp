#include "quantize/layer_forms.h"

#include <doctest/doctest.h>

#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

using enum LayerForm;

std::vector<LayerForm> forms_of(GraphBuilder& b, ValueId output, const Recipe& recipe = {}) {
  return layer_forms(b.output(output).build(), recipe);
}

}  // namespace

TEST_CASE("layer forms: integers where operators have them") {
  GraphBuilder b;
  const ValueId x = b.conv(b.input("x", {2, 3, 4, 4}), {.channels = 4});
  const ValueId y = b.softmax(b.gemm(b.flatten(b.add(x, b.unary(Op::kTanh, x))), {}));
  CHECK(forms_of(b, y) == std::vector(6, kIntegers));
}

TEST_CASE("layer forms: the recipe keeps layers float, and what only moves their values") {
  const auto network = [](GraphBuilder& b) {
    const ValueId x = b.conv(b.max_pool(b.input("x", {2, 3, 4, 4}), {.kernel = {2, 2}}), {});
    return b.gemm(b.flatten(b.relu(x)), {});
  };
  Recipe recipe;
  recipe.layers["conv1"].is_float = true;
  GraphBuilder a;
  const ValueId y = network(a);
  CHECK(forms_of(a, y, recipe) == std::vector{kIntegers, kFloat, kFloat, kFloat, kIntegers});
  recipe = {};
  recipe.activations.bits = kFloatBits;
  recipe.layers["gemm1"].activations = ActivationRecipe{.bits = 5};
  GraphBuilder b;
  const ValueId z = network(b);
  CHECK(forms_of(b, z, recipe) == std::vector{kFloat, kWeightsOnly, kFloat, kFloat, kIntegers});
  recipe.layers["conv1"].is_float = true;
  GraphBuilder c;
  const ValueId w = network(c);
  CHECK(forms_of(c, w, recipe) == std::vector{kFloat, kFloat, kFloat, kFloat, kIntegers});
}

TEST_CASE(
    "layer forms: forms of an operator that have no integers stay float, with either weights") {
  Recipe weights_only;
  weights_only.activations.bits = kFloatBits;
  for (const Recipe& recipe : {Recipe{}, weights_only}) {
    const LayerForm other = recipe == Recipe{} ? kIntegers : kWeightsOnly;
    GraphBuilder transposed;
    const ValueId x = transposed.input("x", {3, 4});
    CHECK(forms_of(transposed, transposed.gemm(x, {.transpose_a = true}), recipe) ==
          std::vector{kFloat});
    GraphBuilder norm;
    CHECK(forms_of(norm, norm.batch_norm(norm.input("x", {2, 3, 4})), recipe) ==
          std::vector{kFloat});
    GraphBuilder matrix;
    CHECK(forms_of(matrix, matrix.matmul(matrix.input("x", {2, 3, 4}), 5), recipe) ==
          std::vector{other});
    GraphBuilder stack;
    const ValueId y = stack.matmul(stack.input("x", {2, 3, 4}), 5);
    Value& weight = stack.graph().value(stack.graph().nodes[0].inputs[1]);
    weight.shape = {1, 4, 5};
    weight.constant = must(weight.constant->reshaped({1, 4, 5}));
    CHECK(forms_of(stack, y, recipe) == std::vector{kFloat});
  }
}

TEST_CASE("layer forms: embeddings are looked up in reals, and integers are no activations") {
  GraphBuilder b;
  const ValueId ids = b.input("ids", {2, 4});
  b.graph().value(ids).dtype = DType::kI64;
  const ValueId swapped = b.add_node(Op::kTranspose, "swap", {ids}, TransposeAttributes{{1, 0}});
  b.graph().value(swapped).dtype = DType::kI64;
  const ValueId table = b.random_constant("table", {10, 6}, -1, 1);
  const ValueId words = b.add_node(Op::kGather, "words", {table, swapped}, AxisAttributes{0});
  const ValueId hidden = b.matmul(words, 5);
  const ValueId first = b.constant<int64_t>("first", {}, {0});
  const ValueId y = b.add_node(Op::kGather, "pick", {hidden, first}, AxisAttributes{0});
  CHECK(forms_of(b, y) == std::vector{kFloat, kFloat, kIntegers, kIntegers});
}

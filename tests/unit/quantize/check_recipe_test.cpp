#include "quantize/check_recipe.h"

#include "doctest/doctest.h"
#include "quantize/quantize.h"
#include "support/check_error.h"
#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// Nodes "conv1", "flatten1" and "gemm1": the others are folded into these.
Graph network() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 8, 8});
  const ValueId first = b.relu(b.batch_norm(b.conv(x, {.channels = 6, .kernel = {3, 3}})));
  return must(prepare(b.output(b.gemm(b.flatten(first), {.features = 4})).build()));
}

Status check_layer(const std::string& name) {
  Recipe recipe;
  recipe.layers[name] = {};
  return check_recipe(network(), recipe);
}

}  // namespace

TEST_CASE("every node of the prepared graph may have a recipe of its own") {
  for (const Node& node : network().nodes) CHECK(check_layer(node.name).ok());
}

TEST_CASE("a layer that is not there is named, with the nearest that is") {
  for (const auto& [wrong, right] : {std::pair{"conv9", "'conv1'"},
                                     {"conv", "'conv1'"},
                                     {"cnv1", "'conv1'"},
                                     {"Gemm1", "'gemm1'"},
                                     {"flattten1", "'flatten1'"}}) {
    CAPTURE(wrong);
    check_error(check_layer(wrong), ErrorCode::kInvalidArgument, right);
    check_error(check_layer(wrong), ErrorCode::kInvalidArgument, wrong);
  }
}

TEST_CASE("a node that was folded away has no recipe, and the error says why") {
  check_error(check_layer("relu1"), ErrorCode::kInvalidArgument, "folded");
}

TEST_CASE("what is wrong with a recipe for any graph is an error, too") {
  Recipe recipe;
  recipe.weights.bits = 9;
  check_error(check_recipe(network(), recipe), ErrorCode::kInvalidArgument, "weights.bits");
}

TEST_CASE("a graph without nodes has no layers") {
  GraphBuilder b;
  Recipe recipe;
  recipe.layers["conv1"] = {};
  const Graph empty = b.output(b.input("x", {2})).build();
  check_error(check_recipe(empty, recipe), ErrorCode::kInvalidArgument, "layers.conv1");
}

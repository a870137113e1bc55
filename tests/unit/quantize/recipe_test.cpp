#include "quantize/recipe.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/check_error.h"

namespace lowbit {

namespace {

void check_refused(const Recipe& recipe, std::string_view where) {
  const Status status = validate_recipe(recipe);
  test::check_error(status, ErrorCode::kInvalidArgument, where);
  CHECK(status.error().where == where);
}

}  // namespace

TEST_CASE("recipe: a layer has its own weights and activations, or those of all") {
  Recipe recipe;
  recipe.weights.bits = 4;
  recipe.activations.bits = 7;
  recipe.layers["a"].weights = WeightRecipe{.bits = 2};
  recipe.layers["b"].activations = ActivationRecipe{.bits = 3};
  CHECK(validate_recipe(recipe).ok());
  CHECK(recipe.weights_of("a").bits == 2);
  CHECK(recipe.activations_of("a").bits == 7);
  CHECK(recipe.weights_of("b").bits == 4);
  CHECK(recipe.activations_of("b").bits == 3);
  CHECK(recipe.weights_of("c").bits == 4);
}

TEST_CASE("recipe: bits and percentiles out of range are refused by their path") {
  for (const int bits : {-1, 0, 1, 9, kFloatBits}) {
    Recipe recipe;
    recipe.layers["conv"].weights = WeightRecipe{.bits = bits};
    check_refused(recipe, "layers.conv.weights.bits");
    recipe.weights.bits = bits;
    check_refused(recipe, "weights.bits");
  }
  for (const int bits : {-1, 0, 1, 9, 16}) {
    Recipe recipe;
    recipe.layers["conv"].activations = ActivationRecipe{.bits = bits};
    check_refused(recipe, "layers.conv.activations.bits");
    recipe.activations.bits = bits;
    check_refused(recipe, "activations.bits");
  }
  for (const double percentile : {50.0, 100.1, std::nan("")}) {
    Recipe recipe;
    recipe.activations.percentile = percentile;
    check_refused(recipe, "activations.percentile");
  }
}

}  // namespace lowbit

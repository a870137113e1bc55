#include "quantize/recipe_json.h"

#include <doctest/doctest.h>

#include "support/check_error.h"
#include "support/must.h"

namespace lowbit {

namespace {

Recipe read(std::string_view text) { return test::must(read_recipe(text)); }

void check_refused(std::string_view text, std::string_view where, std::string_view part) {
  CAPTURE(text);
  const auto result = read_recipe(text);
  test::check_error(result, ErrorCode::kInvalidArgument, part);
  CHECK(result.error().where == where);
}

}  // namespace

TEST_CASE("recipe text: an empty one is the default") {
  CHECK(read("{}") == Recipe{});
  CHECK(read(R"({"version": 1, "weights": {}, "activations": {}, "layers": {}})") == Recipe{});
}

TEST_CASE("recipe text: every field arrives, and a layer's fill up from those of all") {
  const Recipe recipe = read(R"({
    "layers": {
      "conv1": {"weights": {"bits": 2}, "activations": {"symmetric": false}},
      "fc.1": {"precision": "float"}
    },
    "weights": {"bits": 4, "granularity": "group:64", "clipping": "mse", "rounding": "gptq"},
    "activations": {"bits": "float", "symmetric": true, "observer": "percentile", "percentile": 99.5},
    "equalize": true, "correctBias": true, "seed": 4294967295
  })");
  Recipe expected;
  expected.weights = {4, Granularity::kGroup64, Clipping::kMse, Rounding::kGptq};
  expected.activations = {kFloatBits, true, Observer::kPercentile, 99.5};
  expected.equalize = true;
  expected.correct_bias = true;
  expected.seed = 4294967295;
  LayerRecipe& conv = expected.layers["conv1"];
  conv.weights = expected.weights;
  conv.weights->bits = 2;
  conv.activations = expected.activations;
  conv.activations->symmetric = false;
  expected.layers["fc.1"].is_float = true;
  CHECK(recipe == expected);
}

TEST_CASE("recipe text: every name of a choice is read and written") {
  for (const char* granularity : {"tensor", "channel", "group:32", "group:64", "group:128"}) {
    for (const char* observer : {"minmax", "moving-average", "percentile", "mse", "entropy"}) {
      for (const char* rounding : {"nearest", "adaround", "gptq"}) {
        const std::string text = format_text(
            R"({"weights": {"granularity": "{}", "rounding": "{}"}, "activations": {"observer": "{}"}})",
            granularity, rounding, observer);
        const std::string written = write_recipe(read(text));
        for (const char* name : {granularity, observer, rounding}) {
          CHECK(written.find(format_text("\"{}\"", name)) != std::string::npos);
        }
        CHECK(read(written) == read(text));
      }
    }
  }
}

TEST_CASE("recipe text: what is written is read back, and the same each time") {
  Recipe recipe;
  recipe.weights.bits = 3;
  recipe.activations = {
      .bits = 6, .symmetric = true, .observer = Observer::kMse, .percentile = 99.9};
  recipe.seed = 7;
  recipe.layers["b \"quoted\""].is_float = true;
  recipe.layers["a"].weights = WeightRecipe{.bits = 8, .granularity = Granularity::kPerTensor};
  recipe.layers["a"].activations = ActivationRecipe{.bits = kFloatBits};
  recipe.layers["c"] = {};
  CHECK(read(write_recipe(recipe)) == recipe);
  CHECK(read(write_short_recipe(recipe)) == recipe);
  CHECK(write_recipe(read(write_recipe(recipe))) == write_recipe(recipe));
  CHECK(write_short_recipe({}) == "{\n  \"version\": 1\n}");
  CHECK(write_recipe({}) == R"({
  "version": 1,
  "weights": {
    "bits": 8,
    "granularity": "channel",
    "clipping": "max",
    "rounding": "nearest"
  },
  "activations": {
    "bits": 8,
    "symmetric": false,
    "observer": "minmax",
    "percentile": 99.99
  },
  "equalize": false,
  "correctBias": false,
  "seed": 0,
  "layers": {}
})");
}

TEST_CASE("recipe text: whatever is wrong is refused by its path, with what is allowed") {
  check_refused("{", "byte 1", "not valid JSON");
  check_refused("[]", "recipe", "version, weights");
  check_refused(R"({"version": 2})", "version", "1 is the only");
  check_refused(R"({"version": "1"})", "version", "1 is the only");
  check_refused(R"({"weight": {}})", "weight", "version, weights");
  check_refused(R"({"weights": 8})", "weights", "bits, granularity");
  check_refused(R"({"weights": {"bit": 8}})", "weights.bit", "bits, granularity");
  for (const char* bits : {"1", "9", "4.5", "\"8\"", "\"float\"", "null", "-8", "1e300", "32"}) {
    check_refused(format_text(R"({"weights": {"bits": {}}})", bits), "weights.bits", "2 to 8");
  }
  for (const char* bits : {"1", "9", "4.5", "\"8\"", "\"Float\"", "32", "true"}) {
    check_refused(format_text(R"({"activations": {"bits": {}}})", bits), "activations.bits",
                  "2 to 8 bits, or \"float\"");
  }
  check_refused(R"({"weights": {"granularity": "group:16"}})", "weights.granularity", "group:32");
  check_refused(R"({"weights": {"granularity": 32}})", "weights.granularity", "group:32");
  check_refused(R"({"weights": {"clipping": "min"}})", "weights.clipping", "max, mse");
  check_refused(R"({"weights": {"rounding": ""}})", "weights.rounding", "adaround");
  check_refused(R"({"activations": {"symmetric": 1}})", "activations.symmetric", "true or false");
  check_refused(R"({"activations": {"observer": "max"}})", "activations.observer",
                "moving-average");
  for (const char* percentile : {"50", "100.5", "\"99\""}) {
    check_refused(format_text(R"({"activations": {"percentile": {}}})", percentile),
                  "activations.percentile", "above 50");
  }
  check_refused(R"({"equalize": 1})", "equalize", "true or false");
  check_refused(R"({"correctBias": null})", "correctBias", "true or false");
  for (const char* seed : {"-1", "0.5", "4294967296", "\"1\""}) {
    check_refused(format_text(R"({"seed": {}})", seed), "seed", "whole number");
  }
  check_refused(R"({"layers": []})", "layers", "names of nodes");
  check_refused(R"({"layers": {"a": 1}})", "layers.a", "weights, activations, precision");
  check_refused(R"({"layers": {"a": {"bits": 1}}})", "layers.a.bits", "weights, activations");
  check_refused(R"({"layers": {"a": {"weights": {"bits": 1}}}})", "layers.a.weights.bits",
                "2 to 8");
  check_refused(R"({"layers": {"a": {"activations": {"x": 1}}}})", "layers.a.activations.x",
                "bits");
  check_refused(R"({"layers": {"a": {"precision": "int8"}}})", "layers.a.precision", "float");
}

}  // namespace lowbit

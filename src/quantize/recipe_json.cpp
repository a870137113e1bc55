#include "quantize/recipe_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/json.h"

namespace lowbit {

namespace {

using Names = std::span<const std::string_view>;

// In the order of the enumerations.
constexpr std::string_view kGranularities[] = {"tensor", "channel", "group:32", "group:64",
                                               "group:128"};
constexpr std::string_view kClippings[] = {"max", "mse"};
constexpr std::string_view kRoundings[] = {"nearest", "adaround", "gptq"};
constexpr std::string_view kFloat = "float";

std::string listed(Names names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

// An object whose fields are read by their names; its path ends in a dot, unless it is the recipe.
class Section {
 public:
  static Result<Section> open(const Json& json, std::string path, Names fields) {
    const std::string_view where = path.empty() ? "recipe" : std::string_view(path);
    if (json.type != JsonType::kObject) {
      return refuse(format_text("it is an object with the fields {}", listed(fields)), where);
    }
    if (!path.empty()) path += '.';
    for (const Json& field : json.items) {
      if (std::ranges::find(fields, field.key) != fields.end()) continue;
      return refuse(format_text("it is not a field of a recipe; here are {}", listed(fields)),
                    path + field.key);
    }
    return Section(json, std::move(path));
  }

  const Json* find(std::string_view field) const { return json_.find(field); }
  std::string path_of(std::string_view field) const { return path_ + std::string(field); }

  // `value` stays where the field is not given.
  template <class Enumeration>
  Status read_choice(std::string_view field, Names names, Enumeration& value) const {
    LOWBIT_ASSIGN(const size_t index, choice(field, names, static_cast<size_t>(value)));
    value = static_cast<Enumeration>(index);
    return success();
  }

  Status read_boolean(std::string_view field, bool& value) const {
    const Json* json = find(field);
    if (!json) return success();
    if (json->type != JsonType::kBoolean) return refuse("it is true or false", path_of(field));
    value = json->boolean;
    return success();
  }

  // NaN where the field is no number: validate_recipe() knows what it must be.
  void read_number(std::string_view field, double& value) const {
    const Json* json = find(field);
    if (json) value = json->type == JsonType::kNumber ? json->number : std::nan("");
  }

  // 0 where the field is none of the whole numbers that it may be, likewise.
  void read_bits(int& bits) const {
    double number = bits;
    read_number("bits", number);
    const bool is_small = number >= 0 && number < kFloatBits;
    if (find("bits"))
      bits = is_small && number == std::floor(number) ? static_cast<int>(number) : 0;
  }

  static Failure refuse(const Text& message, const Text& where) {
    return make_error(ErrorCode::kInvalidArgument, message, where);
  }

 private:
  Section(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  Result<size_t> choice(std::string_view field, Names names, size_t index) const {
    const Json* json = find(field);
    if (!json) return index;
    for (size_t i = 0; i < names.size(); ++i) {
      if (json->type == JsonType::kString && json->text == names[i]) return i;
    }
    return refuse(format_text("it is one of {}", listed(names)), path_of(field));
  }

  const Json& json_;
  std::string path_;
};

Status read_weights(const Section& parent, WeightRecipe& weights) {
  const Json* json = parent.find("weights");
  if (!json) return success();
  constexpr std::string_view kFields[] = {"bits", "granularity", "clipping", "rounding"};
  LOWBIT_ASSIGN(const Section section, Section::open(*json, parent.path_of("weights"), kFields));
  section.read_bits(weights.bits);
  LOWBIT_TRY(section.read_choice("granularity", kGranularities, weights.granularity));
  LOWBIT_TRY(section.read_choice("clipping", kClippings, weights.clipping));
  return section.read_choice("rounding", kRoundings, weights.rounding);
}

Status read_activations(const Section& parent, ActivationRecipe& activations) {
  const Json* json = parent.find("activations");
  if (!json) return success();
  constexpr std::string_view kFields[] = {"bits", "symmetric", "observer", "percentile"};
  LOWBIT_ASSIGN(const Section section,
                Section::open(*json, parent.path_of("activations"), kFields));
  section.read_bits(activations.bits);
  const Json* bits = section.find("bits");
  if (bits && bits->type == JsonType::kString && bits->text == kFloat)
    activations.bits = kFloatBits;
  LOWBIT_TRY(section.read_boolean("symmetric", activations.symmetric));
  section.read_number("percentile", activations.percentile);
  return section.read_choice("observer", kObserverNames, activations.observer);
}

Status read_layer(const Json& json, const std::string& path, const Recipe& recipe,
                  LayerRecipe& layer) {
  constexpr std::string_view kFields[] = {"weights", "activations", "precision"};
  LOWBIT_ASSIGN(const Section section, Section::open(json, path, kFields));
  if (section.find("weights")) {
    LOWBIT_TRY(read_weights(section, layer.weights.emplace(recipe.weights)));
  }
  if (section.find("activations")) {
    LOWBIT_TRY(read_activations(section, layer.activations.emplace(recipe.activations)));
  }
  layer.is_float = section.find("precision") != nullptr;
  size_t only_choice = 0;
  return section.read_choice("precision", std::span(&kFloat, 1), only_choice);
}

Status read_layers(const Section& top, Recipe& recipe) {
  const Json* layers = top.find("layers");
  if (!layers) return success();
  if (layers->type != JsonType::kObject) {
    return Section::refuse("it is an object with the names of nodes", "layers");
  }
  for (const Json& layer : layers->items) {
    LOWBIT_TRY(
        read_layer(layer, format_text("layers.{}", layer.key), recipe, recipe.layers[layer.key]));
  }
  return success();
}

Json name_of(Names names, auto index) {
  return Json::of_string(std::string(names[static_cast<size_t>(index)]));
}

Json json_of(const WeightRecipe& weights) {
  Json json = Json::object();
  json.add("bits", Json::of_number(weights.bits));
  json.add("granularity", name_of(kGranularities, weights.granularity));
  json.add("clipping", name_of(kClippings, weights.clipping));
  json.add("rounding", name_of(kRoundings, weights.rounding));
  return json;
}

Json json_of(const ActivationRecipe& activations) {
  const bool is_float = activations.bits == kFloatBits;
  Json json = Json::object();
  json.add("bits",
           is_float ? Json::of_string(std::string(kFloat)) : Json::of_number(activations.bits));
  json.add("symmetric", Json::of_boolean(activations.symmetric));
  json.add("observer", name_of(kObserverNames, activations.observer));
  json.add("percentile", Json::of_number(activations.percentile));
  return json;
}

Json json_of(const LayerRecipe& layer) {
  Json json = Json::object();
  if (layer.weights) json.add("weights", json_of(*layer.weights));
  if (layer.activations) json.add("activations", json_of(*layer.activations));
  if (layer.is_float) json.add("precision", Json::of_string(std::string(kFloat)));
  return json;
}

Json json_of(const Recipe& recipe) {
  Json json = Json::object();
  json.add("weights", json_of(recipe.weights));
  json.add("activations", json_of(recipe.activations));
  json.add("equalize", Json::of_boolean(recipe.equalize));
  json.add("correctBias", Json::of_boolean(recipe.correct_bias));
  json.add("seed", Json::of_number(recipe.seed));
  Json layers = Json::object();
  for (const auto& [name, layer] : recipe.layers) layers.add(name, json_of(layer));
  json.add("layers", std::move(layers));
  return json;
}

// The members of an object that `defaults` has not, or has with another value.
Json differences(const Json& json, const Json& defaults) {
  Json result = Json::object();
  for (const Json& item : json.items) {
    const Json* const usual = defaults.find(item.key);
    if (usual && write_json(*usual) == write_json(item)) continue;
    const bool is_section = usual && item.type == JsonType::kObject;
    result.add(item.key, is_section ? differences(item, *usual) : item);
  }
  return result;
}

std::string write_versioned(const Json& fields) {
  Json json = Json::object();
  json.add("version", Json::of_number(1));
  for (const Json& field : fields.items) json.add(field.key, field);
  return write_json(json);
}

}  // namespace

Result<Recipe> read_recipe(std::string_view text) {
  LOWBIT_ASSIGN(const Json json, read_json(text, ErrorCode::kInvalidArgument));
  constexpr std::string_view kFields[] = {"version",     "weights", "activations", "equalize",
                                          "correctBias", "seed",    "layers"};
  LOWBIT_ASSIGN(const Section top, Section::open(json, "", kFields));
  double version = 1;
  top.read_number("version", version);
  if (version != 1) return Section::refuse("1 is the only version of a recipe", "version");
  Recipe recipe;
  LOWBIT_TRY(read_weights(top, recipe.weights));
  LOWBIT_TRY(read_activations(top, recipe.activations));
  LOWBIT_TRY(top.read_boolean("equalize", recipe.equalize));
  LOWBIT_TRY(top.read_boolean("correctBias", recipe.correct_bias));
  double seed = recipe.seed;
  top.read_number("seed", seed);
  if (!(seed >= 0 && seed <= std::numeric_limits<uint32_t>::max() && seed == std::floor(seed))) {
    return Section::refuse("it is a whole number from 0 to 4294967295", "seed");
  }
  recipe.seed = static_cast<uint32_t>(seed);
  LOWBIT_TRY(read_layers(top, recipe));
  LOWBIT_TRY(validate_recipe(recipe));
  return recipe;
}

std::string write_recipe(const Recipe& recipe) { return write_versioned(json_of(recipe)); }

std::string write_short_recipe(const Recipe& recipe) {
  return write_versioned(differences(json_of(recipe), json_of(Recipe{})));
}

}  // namespace lowbit

#include "analysis/symptoms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/weighted_layers.h"
#include "base/decimal.h"
#include "base/heap_sort.h"
#include "base/text.h"
#include "quantize/channel_pairs.h"

namespace lowbit {

namespace {

using Reason = Pattern<Text, Text, Text>;

constexpr Reason kReasons[] = {
#define LOWBIT_RULE(name, id, repair, reason) reason,
#include "analysis/doctor_rules.inc"
#undef LOWBIT_RULE
};

// With one digit behind the point.
std::string figure_text(double figure) { return double_to_text(std::round(figure * 10) / 10); }

double kl_of(const std::optional<Score>& score) { return score ? score->kl : 0; }

// Positive, to divide by.
double total_loss(const Sensitivity& sensitivity) {
  double total = std::numeric_limits<double>::min();
  for (const LayerSensitivity& layer : sensitivity.layers) {
    total += kl_of(layer.weights) + kl_of(layer.output);
  }
  return total;
}

// The layers that have it: the worst of them, and all of their loss.
struct Symptom {
  std::string layer;
  double figure = 0;
  std::string proportion;
  double loss = 0;

  void add(const std::string& name, double its_figure, const Text& its_proportion,
           double its_loss) {
    loss += its_loss;
    if (its_figure <= figure) return;
    layer = name;
    figure = its_figure;
    proportion.clear();
    its_proportion.append_to(proportion);
  }
};

std::optional<Proposal> proposal(Rule rule, const Case& patient, const Symptom& symptom,
                                 std::vector<Recipe> recipes) {
  if (symptom.layer.empty()) return {};
  return Proposal{symptom.layer,
                  format_text(kReasons[static_cast<size_t>(rule)], Text(symptom.layer),
                              Text(figure_text(symptom.figure)), Text(symptom.proportion)),
                  std::move(recipes), symptom.loss / total_loss(patient.sensitivity)};
}

// ---- weights
// --------------------------------------------------------------------------------------------

std::vector<WeightedLayer> layers_of(const Case& patient) {
  return weighted_layers(patient.fp32, patient.recipe, patient.sensitivity);
}

// `recipe` with `edit` applied to the weights of all layers.
Recipe with_weights(Recipe recipe, auto edit) {
  edit(recipe.weights);
  for (auto& [name, layer] : recipe.layers) {
    if (layer.weights) edit(*layer.weights);
  }
  return recipe;
}

std::optional<Proposal> propose_depthwise(const Case& patient) {
  Symptom symptom;
  Recipe repaired = patient.recipe;
  for (const WeightedLayer& l : layers_of(patient)) {
    WeightRecipe weights = l.recipe;
    if (!patient.keep_per_tensor && weights.granularity == Granularity::kPerTensor) {
      weights.granularity = Granularity::kPerChannel;
    }
    if (weights.rounding == Rounding::kNearest) weights.rounding = Rounding::kAdaround;
    if (!l.is_depthwise() || weights.bits > kFewBits || weights == l.recipe) continue;
    symptom.add(l.name, l.layer.depth(), weights.bits, l.loss);
    repaired.layers[l.name].weights = weights;
  }
  return proposal(Rule::kDepthwise, patient, symptom, {std::move(repaired)});
}

std::optional<Proposal> propose_per_channel(const Case& patient) {
  if (patient.keep_per_tensor) return {};
  Symptom symptom;
  for (const WeightedLayer& l : layers_of(patient)) {
    if (l.recipe.granularity != Granularity::kPerTensor) continue;
    const double ratio = range_ratio(patient.fp32, l.layer);
    if (ratio < kRangeRatio) continue;
    const int steps = (1 << (l.recipe.bits - 1)) - 1;
    symptom.add(l.name, ratio, figure_text(steps / ratio), l.loss);
  }
  return proposal(Rule::kPerChannel, patient, symptom,
                  {with_weights(patient.recipe, [](WeightRecipe& weights) {
                    if (weights.granularity == Granularity::kPerTensor) {
                      weights.granularity = Granularity::kPerChannel;
                    }
                  })});
}

std::optional<Proposal> propose_equalization(const Case& patient) {
  if (patient.recipe.equalize) return {};
  const size_t pair_count = find_channel_pairs(patient.fp32).size();
  if (pair_count == 0) return {};
  Symptom symptom;
  for (const WeightedLayer& l : layers_of(patient)) {
    if (l.recipe.granularity != Granularity::kPerTensor && !l.is_depthwise()) continue;
    const double ratio = range_ratio(patient.fp32, l.layer);
    if (ratio >= kRangeRatio) symptom.add(l.name, ratio, pair_count, l.loss);
  }
  Recipe repaired = patient.recipe;
  repaired.equalize = true;
  return proposal(Rule::kEqualize, patient, symptom, {std::move(repaired)});
}

std::optional<Proposal> propose_clipping(const Case& patient) {
  Symptom symptom;
  for (const WeightedLayer& l : layers_of(patient)) {
    if (l.recipe.clipping == Clipping::kMse || l.recipe.bits > kFewBits) continue;
    const double reach = weight_reach(patient.fp32, l);
    if (reach >= kWeightReach) symptom.add(l.name, reach, l.recipe.bits, l.loss);
  }
  return proposal(Rule::kClipping, patient, symptom,
                  {with_weights(patient.recipe, [](WeightRecipe& weights) {
                    if (weights.bits <= kFewBits) weights.clipping = Clipping::kMse;
                  })});
}

std::optional<Proposal> propose_bias_correction(const Case& patient) {
  if (patient.recipe.correct_bias) return {};
  Symptom symptom;
  for (const WeightedLayer& l : layers_of(patient)) {
    const MeanShift& shift = patient.shifts[l.layer.node];
    if (shift.relative < kMeanShift) continue;
    symptom.add(l.name, 100 * shift.relative, figure_text(shift.deviation), l.loss);
  }
  Recipe repaired = patient.recipe;
  repaired.correct_bias = true;
  return proposal(Rule::kMeanShift, patient, symptom, {std::move(repaired)});
}

std::optional<Proposal> propose_rounding(const Case& patient) {
  const double total = total_loss(patient.sensitivity);
  Symptom symptom;
  for (const WeightedLayer& l : layers_of(patient)) {
    if (l.recipe.bits > kFewBits || l.recipe.rounding != Rounding::kNearest) continue;
    symptom.add(l.name, 100 * l.loss / total, l.recipe.bits, l.loss);
  }
  std::vector<Recipe> repaired;
  for (const Rounding rounding : {Rounding::kAdaround, Rounding::kGptq}) {
    repaired.push_back(with_weights(patient.recipe, [&](WeightRecipe& weights) {
      if (weights.bits <= kFewBits && weights.rounding == Rounding::kNearest) {
        weights.rounding = rounding;
      }
    }));
  }
  return proposal(Rule::kRounding, patient, symptom, std::move(repaired));
}

// ---- activations
// --------------------------------------------------------------------------------------------

bool covers_all(const ActivationRecipe& activations) {
  return activations.observer == Observer::kMinMax ||
         activations.observer == Observer::kMovingAverage;
}

std::optional<Proposal> propose_observer(const Case& patient) {
  Symptom symptom;
  for (size_t i = 0; i < patient.sensitivity.layers.size(); ++i) {
    const LayerSensitivity& layer = patient.sensitivity.layers[i];
    const size_t inputs = patient.fp32.inputs.size();
    const ValueId id = i < inputs ? patient.fp32.inputs[i] : patient.fp32.nodes[i - inputs].output;
    const ActivationRecipe& recipe = patient.recipe.activations_of(layer.name);
    const auto seen = patient.calibration.by_value.find(patient.fp32.value(id).name);
    if (!layer.output || !covers_all(recipe) || seen == patient.calibration.by_value.end()) {
      continue;
    }
    const Range most = choose_range(seen->second, Observer::kPercentile, recipe.bits,
                                    recipe.symmetric, kOutlierPercentile);
    const Range all = choose_range(seen->second, Observer::kMinMax, recipe.bits, recipe.symmetric);
    const double ratio =
        static_cast<double>(all.max - all.min) / static_cast<double>(most.max - most.min);
    if (ratio < kOutlierRatio) continue;
    symptom.add(layer.name, ratio, double_to_text(kOutlierPercentile), layer.output->kl);
  }
  std::vector<Recipe> repaired;
  for (const Observer observer : {Observer::kPercentile, Observer::kMse}) {
    Recipe recipe = patient.recipe;
    const auto edit = [&](ActivationRecipe& activations) {
      if (covers_all(activations)) activations.observer = observer;
    };
    edit(recipe.activations);
    for (auto& [name, layer] : recipe.layers) {
      if (layer.activations) edit(*layer.activations);
    }
    repaired.push_back(std::move(recipe));
  }
  return proposal(Rule::kOutliers, patient, symptom, std::move(repaired));
}

// ---- fragile layers
// --------------------------------------------------------------------------------------------

const char* place_of(const Case& patient, const std::string& name) {
  const std::vector<WeightedLayer> layers = layers_of(patient);
  if (layers.empty()) return "";
  if (layers.front().name == name) return ", as first layers often do";
  return layers.back().name == name ? ", as last layers often do" : "";
}

// Of more bits, or as a float layer.
std::optional<Proposal> propose_for_fragile(Rule rule, const Case& patient, size_t refused) {
  const double total = total_loss(patient.sensitivity);
  std::vector<std::pair<double, size_t>> fragile;  // the worst first
  for (size_t i = patient.fp32.inputs.size(); i < patient.sensitivity.layers.size(); ++i) {
    const LayerSensitivity& layer = patient.sensitivity.layers[i];
    const double share = (kl_of(layer.weights) + kl_of(layer.output)) / total;
    if (share > kFragileShare) fragile.emplace_back(-share, i);
  }
  heap_sort(fragile);
  for (const auto& [negative_share, index] : fragile) {
    const LayerSensitivity& layer = patient.sensitivity.layers[index];
    const double share = -negative_share;
    Recipe repaired = patient.recipe;
    WeightRecipe weights = repaired.weights_of(layer.name);
    ActivationRecipe activations = repaired.activations_of(layer.name);
    const bool has_few_bits =
        (layer.weights && weights.bits < 8) || (layer.output && activations.bits < 8);
    LayerRecipe& own = repaired.layers[layer.name];
    if (own.is_float || has_few_bits != (rule == Rule::kFragileBits) || refused-- > 0) continue;
    if (rule == Rule::kFragileFloat) {
      own = {.weights = {}, .activations = {}, .is_float = true};
    } else {
      if (layer.weights) {
        own.weights = WeightRecipe{.bits = 8, .granularity = weights.granularity};
      }
      if (layer.output && activations.bits < 8) {
        activations.bits = 8;
        own.activations = activations;
      }
    }
    Symptom symptom;
    symptom.add(layer.name, 100 * share, place_of(patient, layer.name), share * total);
    return proposal(rule, patient, symptom, {std::move(repaired)});
  }
  return {};
}

}  // namespace

std::optional<Proposal> propose(Rule rule, const Case& patient, size_t refused) {
  if (rule == Rule::kFragileBits || rule == Rule::kFragileFloat) {
    return propose_for_fragile(rule, patient, refused);
  }
  if (refused > 0) return {};
  switch (rule) {
    case Rule::kDepthwise:
      return propose_depthwise(patient);
    case Rule::kPerChannel:
      return propose_per_channel(patient);
    case Rule::kEqualize:
      return propose_equalization(patient);
    case Rule::kOutliers:
      return propose_observer(patient);
    case Rule::kClipping:
      return propose_clipping(patient);
    case Rule::kMeanShift:
      return propose_bias_correction(patient);
    default:
      return propose_rounding(patient);
  }
}

}  // namespace lowbit

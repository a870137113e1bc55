#include "analysis/doctor.h"

#include <algorithm>
#include <set>

#include "compare/evaluator.h"
#include "doctest/doctest.h"
#include "quantize/channel_pairs.h"
#include "quantize/pipeline.h"
#include "quantize/recipe_json.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// A model, how it is quantized, and on what it is measured.
struct Patient {
  Graph graph;
  Recipe recipe;
  Tensor samples;
  DoctorOptions options{};
};

Diagnosis diagnosis_of(const Patient& patient) {
  return must(
      finish(diagnose(patient.graph, patient.recipe, {patient.samples}, {}, patient.options)));
}

const Finding* find(const Diagnosis& diagnosis, Rule rule) {
  const auto found = std::ranges::find(diagnosis.findings, rule, &Finding::rule);
  return found == diagnosis.findings.end() ? nullptr : &*found;
}

Tensor rows(float low = -1, float high = 1) { return random_tensor({256, 32}, 7, low, high); }

// Its weights are in proportion to `shape` of a uniform number.
Graph network(float (*shape)(float) = [](float x) { return x; }) {
  GraphBuilder b;
  const auto weights = [&](int64_t count) {
    std::vector<float> w = b.random_values(count, -1, 1);
    for (float& x : w) x = 0.4f * shape(x);
    return w;
  };
  ValueId x = b.input("x", {b.symbol("N"), 32});
  x = b.relu(b.gemm(x, {.features = 32, .weight = weights(32 * 32)}));
  x = b.relu(b.gemm(x, {.features = 32, .weight = weights(32 * 32)}));
  return b.output(b.gemm(x, {.features = 4, .weight = weights(32 * 4)})).build();
}

// The same function with half of the channels in a unit of a hundredth.
Graph uneven_network() {
  const Graph even = must(prepare(network()));
  const std::vector<ChannelPair> pairs = find_channel_pairs(even);
  std::vector<ChannelChange> changes;
  for (const ChannelPair& pair : pairs) {
    changes.push_back(no_change(pair));
    for (size_t c = 0; c < 12; ++c) changes.back().factor[c] = 0.02;
  }
  return must(change_channels(even, pairs, changes));
}

// Weights of an input that is always zero are far larger than all others, in every channel.
Graph network_of_dead_input() {
  GraphBuilder b;
  std::vector<float> weights = b.random_values(32 * 32, -0.6f, 0.6f);
  for (size_t i = 0; i < weights.size(); i += 32) weights[i] = 300;
  ValueId x = b.input("x", {b.symbol("N"), 32});
  x = b.relu(b.gemm(x, {.features = 32, .weight = weights}));
  return b.output(b.gemm(x, {.features = 4})).build();
}

Tensor rows_of_dead_input() {
  Tensor samples = rows();
  for (size_t i = 0; i < 256; ++i) samples.mutable_data<float>()[i * 32] = 0;
  return samples;
}

Graph depthwise_network() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 8, 8});
  const ValueId first = b.relu(b.conv(x, {.channels = 8, .kernel = {3, 3}}));
  const ValueId second = b.relu(b.depthwise_conv(first, {.kernel = {3, 3}}));
  return b
      .output(b.gemm(b.flatten(second),
                     {.features = 4, .weight = b.random_values(4 * 8 * 16, -0.5f, 0.5f)}))
      .build();
}

Tensor images() { return random_tensor({128, 2, 8, 8}, 5, -1, 1); }

Tensor rows_with_outliers() {
  Tensor samples = rows();
  for (size_t i = 0; i < 3; ++i) samples.mutable_data<float>()[i * 2000] = 12;
  return samples;
}

Recipe weights(int bits, Granularity granularity = Granularity::kPerChannel) {
  Recipe recipe;
  recipe.weights.bits = bits;
  recipe.weights.granularity = granularity;
  return recipe;
}

Recipe activations(int bits) {
  Recipe recipe;
  recipe.activations.bits = bits;
  return recipe;
}

Recipe fragile_layer(const std::string& name) {
  Recipe recipe;
  recipe.layers[name].weights = WeightRecipe{.bits = 2};
  return recipe;
}

constexpr auto kTensor = Granularity::kPerTensor;
// Few large ones among small ones.
float power(float x) {
  const float cube = x * x * x;
  return 3 * cube * cube * cube;
}

// For each rule one that has its symptom, and one that has another.
struct Ward {
  Rule rule;
  Patient ill;
  Patient other;
};

std::vector<Ward> wards() {
  const DoctorOptions per_tensor{.keep_per_tensor = true};
  std::vector<Ward> result;
  result.push_back({Rule::kDepthwise,
                    {depthwise_network(), weights(3, kTensor), images()},
                    {depthwise_network(), activations(4), images()}});
  result.push_back({Rule::kPerChannel,
                    {uneven_network(), weights(8, kTensor), rows()},
                    {network(), weights(4, kTensor), rows()}});
  result.push_back({Rule::kEqualize,
                    {uneven_network(), weights(8, kTensor), rows(), per_tensor},
                    {network(), weights(4, kTensor), rows(), per_tensor}});
  result.push_back({Rule::kOutliers,
                    {network(), activations(4), rows_with_outliers()},
                    {network(), activations(4), rows()}});
  result.push_back(
      {Rule::kClipping, {network(power), weights(3), rows()}, {network(), weights(3), rows()}});
  result.push_back(
      {Rule::kRounding, {network(), weights(3), rows()}, {network(), weights(5), rows()}});
  result.push_back(
      {Rule::kMeanShift, {network(), weights(3), rows(0, 1)}, {network(), activations(5), rows()}});
  result.push_back({Rule::kFragileBits,
                    {network(), fragile_layer("gemm1"), rows()},
                    {network_of_dead_input(), {}, rows_of_dead_input()}});
  result.push_back({Rule::kFragileFloat,
                    {network_of_dead_input(), {}, rows_of_dead_input()},
                    {network(), fragile_layer("gemm1"), rows()}});
  return result;
}

}  // namespace

TEST_CASE("each rule finds its symptom and repairs it, and does not find it elsewhere") {
  const std::vector<Ward> all = wards();
  REQUIRE(all.size() == std::size(kRules));
  for (size_t i = 0; i < all.size(); ++i) {
    const Ward& ward = all[i];
    REQUIRE(ward.rule == static_cast<Rule>(i));
    CAPTURE(kRules[i].id);
    const Diagnosis ill = diagnosis_of(ward.ill);
    const Finding* finding = find(ill, ward.rule);
    REQUIRE(finding != nullptr);
    INFO(finding->reason);
    CHECK(finding->is_kept);
    CHECK(finding->expected_kl < finding->before.score.kl);
    CHECK(finding->reason.find(finding->layer) != std::string::npos);
    CHECK(finding->reason.find("{}") == std::string::npos);

    const Diagnosis other = diagnosis_of(ward.other);
    CHECK(other.before.score.kl > kNegligibleLoss);
    CHECK(find(other, ward.rule) == nullptr);
  }
}

TEST_CASE("repairs build on each other, and the last is the recipe") {
  for (const Ward& ward : wards()) {
    const Patient& patient = ward.ill;
    const Diagnosis diagnosis = diagnosis_of(patient);
    Recipe best = patient.recipe;
    double loss = diagnosis.before.score.kl;
    for (const Finding& finding : diagnosis.findings) {
      CHECK(finding.before.score.kl == loss);
      CHECK(finding.recipe != best);
      CHECK(finding.is_kept == (finding.after.score.kl <= 0.95 * loss));
      if (!finding.is_kept) continue;
      loss = finding.after.score.kl;
      best = finding.recipe;
    }
    CHECK(diagnosis.recipe == best);
    CHECK(diagnosis.after.score.kl == loss);

    // What it measured is what the recipe gives.
    Evaluator evaluator({patient.samples}, {}, {});
    must(finish(evaluator.measure(must(prepare(patient.graph)), false)));
    const QuantizedGraph quantized =
        must(finish(quantize_in_steps(patient.graph, best, {}, {patient.samples})));
    CHECK(must(finish(evaluator.measure(quantized.graph, false))).kl == loss);
    CHECK(packed_bytes(quantized.graph) == diagnosis.after.bytes);
  }
}

TEST_CASE("the same patient gets the same diagnosis") {
  const Patient patient{depthwise_network(), weights(3), images()};
  const Diagnosis first = diagnosis_of(patient);
  const Diagnosis second = diagnosis_of(patient);
  CHECK(write_recipe(first.recipe) == write_recipe(second.recipe));
  REQUIRE(first.findings.size() == second.findings.size());
  for (size_t i = 0; i < first.findings.size(); ++i) {
    CHECK(first.findings[i].reason == second.findings[i].reason);
    CHECK(first.findings[i].after.score.kl == second.findings[i].after.score.kl);
  }
}

TEST_CASE("a model that needs nothing gives no finding") {
  const Patient patient{network(), {}, rows()};
  const Diagnosis diagnosis = diagnosis_of(patient);
  CHECK(diagnosis.findings.empty());
  CHECK(diagnosis.recipe == patient.recipe);
  CHECK(diagnosis.before.score.kl < kNegligibleLoss);
}

TEST_CASE("a weights' scale stays one per tensor where it has to") {
  const Diagnosis diagnosis =
      diagnosis_of({depthwise_network(), weights(3, kTensor), images(), {.keep_per_tensor = true}});
  CHECK(diagnosis.after.score.kl < diagnosis.before.score.kl);
  CHECK(diagnosis.recipe.weights.granularity == kTensor);
  for (const auto& [name, layer] : diagnosis.recipe.layers) {
    if (layer.weights) CHECK(layer.weights->granularity == kTensor);
  }
}

TEST_CASE("the first and the last layer are named as such") {
  const Diagnosis first = diagnosis_of({network(), fragile_layer("gemm1"), rows()});
  CHECK(find(first, Rule::kFragileBits)->layer == "gemm1");
  CHECK(find(first, Rule::kFragileBits)->reason.find("first") != std::string::npos);
  CHECK(first.recipe.layers.at("gemm1").weights->bits == 8);
  const Diagnosis last = diagnosis_of({network(), fragile_layer("gemm3"), rows()});
  CHECK(find(last, Rule::kFragileBits)->layer == "gemm3");
  CHECK(find(last, Rule::kFragileBits)->reason.find("last") != std::string::npos);
}

TEST_CASE("a repair beyond the budget is told of, but not kept") {
  Patient patient{network(), fragile_layer("gemm1"), rows()};
  const Diagnosis free = diagnosis_of(patient);
  const Finding* kept = find(free, Rule::kFragileBits);
  CHECK(kept->after.bytes - kept->before.bytes == 32 * 32 / 2);  // from half a byte to one
  patient.options.byte_budget = kept->after.bytes;
  CHECK(find(diagnosis_of(patient), Rule::kFragileBits)->is_kept);
  patient.options.byte_budget = kept->after.bytes - 1;
  const Diagnosis bound = diagnosis_of(patient);
  const Finding* refused = find(bound, Rule::kFragileBits);
  REQUIRE(refused != nullptr);
  CHECK_FALSE(refused->is_kept);
  CHECK(refused->after.score.kl == kept->after.score.kl);
  CHECK(bound.recipe.layers.at("gemm1").weights->bits == 2);
  CHECK(bound.after.bytes <= *patient.options.byte_budget);
}

TEST_CASE("labels are counted, and errors come through") {
  const Patient patient{network(), weights(3), rows()};
  const Diagnosis diagnosis = must(finish(diagnose(patient.graph, patient.recipe, {patient.samples},
                                                   std::vector<int32_t>(256, 1), {})));
  CHECK(diagnosis.fp32.labelled == 256);
  CHECK(diagnosis.after.score.labelled == 256);
  check_error(finish(diagnose(patient.graph, patient.recipe, {patient.samples}, {1, 2}, {})),
              ErrorCode::kShapeMismatch, "label");
  check_error(finish(diagnose(patient.graph, weights(9), {patient.samples}, {}, {})),
              ErrorCode::kInvalidArgument, "weights.bits");
}

TEST_CASE("a diagnosis reports its progress, and can be given up at any time") {
  const Patient patient{network(), weights(3), rows()};
  int reports = 0;
  double last = 0;
  const Context counting{[&](std::string_view stage, double fraction) {
    CHECK(stage == "doctor");
    CHECK(fraction >= last);
    CHECK(fraction <= 1);
    last = fraction;
    ++reports;
    return true;
  }};
  must(finish(diagnose(patient.graph, patient.recipe, {patient.samples}, {}, {}), counting));
  CHECK(last > 0.5);
  for (const int stop : {1, reports / 2, reports - 1}) {
    int count = 0;
    const Context cancelling{[&](std::string_view, double) { return ++count < stop; }};
    check_error(
        finish(diagnose(patient.graph, patient.recipe, {patient.samples}, {}, {}), cancelling),
        ErrorCode::kAborted, "");
    CHECK(count == stop);
  }
}

TEST_CASE("a layer that is not there is refused before any sample is read") {
  Recipe recipe;
  recipe.layers["gemm9"] = {};
  check_error(finish(diagnose(network(), recipe, {}, {}, {})), ErrorCode::kInvalidArgument,
              "layers.gemm9");
}

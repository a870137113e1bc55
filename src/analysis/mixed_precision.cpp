#include "analysis/mixed_precision.h"

#include <algorithm>

#include "analysis/allocation.h"
#include "analysis/sensitivity.h"
#include "compare/metrics.h"
#include "engine/engine.h"
#include "quantize/check_recipe.h"
#include "quantize/equalize.h"
#include "quantize/pipeline.h"
#include "quantize/quantize.h"
#include "tensor/samples.h"

namespace lowbit {

namespace {

constexpr int kTimedRuns = 21;
// Times are the same within this share of a layer's, or this share of all layers'. Widths of one
// kernel were measured within 1 % of each other; what is less than a thousandth of the whole can be
// no reason to lose accuracy.
constexpr double kSameLayerTime = 0.03;
constexpr double kSameTime = 0.001;

Status check_options(const MixedPrecisionOptions& options) {
  const auto is_width = [](int bits) { return bits >= 2 && bits <= 8; };
  if (options.bits.empty() || !std::ranges::all_of(options.bits, is_width)) {
    return make_error(ErrorCode::kInvalidArgument, "widths are from 2 to 8 bits, at least one",
                      "bits");
  }
  if (options.budget && options.max_drop) {
    return make_error(ErrorCode::kInvalidArgument, "either a budget or a drop can be given",
                      "budget");
  }
  return success();
}

Recipe with_bits(Recipe recipe, const std::vector<std::string>& layers,
                 const std::vector<int>& bits) {
  for (size_t i = 0; i < layers.size(); ++i) {
    WeightRecipe weights = recipe.weights_of(layers[i]);
    weights.bits = bits[i];
    recipe.layers[layers[i]].weights = weights;
  }
  return recipe;
}

Recipe with_bits(Recipe recipe, int bits) {
  recipe.weights.bits = bits;
  for (auto& [name, layer] : recipe.layers) {
    if (layer.weights) layer.weights->bits = bits;
  }
  return recipe;
}

const Value* integer_weights(const Graph& graph, const Node& node) {
  if (node.inputs.size() < 2) return nullptr;
  const Value& weights = graph.value(node.inputs[1]);
  return weights.constant && weights.quant ? &weights : nullptr;
}

double bytes_of_weights(const Value& weights, int bits) {
  return static_cast<double>(weights.constant->element_count() * bits) / 8 +
         4.0 * static_cast<double>(weights.quant->scale.size());
}

Result<Plan> plan_one_sample(const Graph& graph, std::span<const Tensor> samples,
                             const IncrementalOptions& options) {
  const Shape& shape = graph.value(graph.inputs[0]).shape;
  const int64_t count = shape.rank() > 0 && shape[0] > 0 ? shape[0] : 1;
  LOWBIT_ASSIGN(const std::vector<Tensor> sample, slice_samples(samples, 0, count));
  std::vector<Shape> shapes;
  for (const Tensor& tensor : sample) shapes.push_back(tensor.shape());
  LOWBIT_ASSIGN(Plan plan,
                make_plan(graph, shapes, {.tier = options.tier, .tiles = options.tiles}));
  LOWBIT_TRY(plan.run(sample));
  return plan;
}

// Accuracy with labels, else agreement; of all samples.
double quality(const Score& score) {
  return score.labelled > 0
             ? score.top1()
             : static_cast<double>(score.agreeing) / static_cast<double>(score.samples);
}

class Mixer {
 public:
  Mixer(Graph prepared, Calibration calibration, Recipe recipe, std::vector<Tensor> samples,
        std::vector<int32_t> labels, MixedPrecisionOptions options)
      : prepared_(std::move(prepared)),
        calibration_(std::move(calibration)),
        recipe_(std::move(recipe)),
        samples_(std::move(samples)),
        options_(std::move(options)),
        evaluator_(samples_, std::move(labels), options_.evaluation) {}

  Task<MixedPrecision> run() {
    LOWBIT_CO_FINISH(fp32_, evaluator_.measure(prepared_, true));
    // The choice counts as one width more.
    const double steps = static_cast<double>(options_.bits.size()) + 1;
    for (size_t i = 0; i < options_.bits.size(); ++i) {
      Task<Success> measuring = measure_width(options_.bits[i]);
      while (!measuring.step()) {
        co_yield Progress{"mixed-precision", static_cast<double>(i) / steps};
      }
      LOWBIT_CO_TRY(std::move(measuring).result());
    }
    Task<Success> timing = measure_times();
    while (!timing.step()) {
      co_yield Progress{"mixed-precision", static_cast<double>(options_.bits.size()) / steps};
    }
    LOWBIT_CO_TRY(std::move(timing).result());
    for (const std::vector<Choice>& choices : choices_) {
      result_.cost.emplace_back();
      for (const Choice& choice : choices) result_.cost.back().push_back(choice.cost);
    }
    for (const Allocation& allocation : allocation_front(choices_)) {
      result_.front.push_back(point_of(allocation));
    }
    Task<Success> choosing = choose();
    while (!choosing.step()) {
      co_yield Progress{"mixed-precision", static_cast<double>(options_.bits.size()) / steps};
    }
    LOWBIT_CO_TRY(std::move(choosing).result());
    co_return std::move(result_);
  }

 private:
  // `prepared_` is equalized already, where the recipe asks for it.
  Task<QuantizedGraph> quantized(Recipe recipe) const {
    recipe.equalize = false;
    return quantize_in_steps(prepared_, std::move(recipe), calibration_, samples_);
  }

  // The loss of every layer at one width, and its cost in bytes.
  Task<Success> measure_width(int bits) {
    const Recipe recipe = with_bits(recipe_, bits);
    LOWBIT_CO_FINISH(Graph nearest, quantize_by_node(prepared_, calibration_, recipe));
    LOWBIT_CO_FINISH(const QuantizedGraph model,
                     improve(prepared_, std::move(nearest), samples_, recipe, true));
    if (options_.cost == Cost::kMilliseconds) {
      LOWBIT_CO_ASSIGN(Plan plan, plan_one_sample(model.graph, samples_, options_.evaluation));
      plans_.push_back(std::move(plan));
    }
    size_t layer = 0;
    for (size_t i = 0; i < model.graph.nodes.size(); ++i) {
      const Node& node = model.graph.nodes[i];
      const Value* weights = integer_weights(model.graph, node);
      std::optional<Graph> variant = with_quantized_weights(prepared_, model.graph, node.name);
      if (weights == nullptr || !variant) continue;
      if (layer == result_.layers.size()) {
        result_.layers.push_back(node.name);
        result_.kl.emplace_back();
        choices_.emplace_back();
        nodes_.push_back(i);
      }
      LOWBIT_CO_FINISH(const Score score, evaluator_.measure(*std::move(variant), false));
      result_.kl[layer].push_back(score.kl);
      choices_[layer].push_back({bytes_of_weights(*weights, bits), score.kl});
      ++layer;
    }
    co_return Success{};
  }

  // The costs of layers in milliseconds, where those are asked for: medians of runs of all widths
  // in turn, so that whatever else the machine does slows them alike.
  Task<Success> measure_times() {
    if (plans_.empty()) co_return Success{};
    std::vector<std::vector<std::vector<double>>> times(plans_.size());  // [width][node][run]
    for (int run = 0; run < kTimedRuns; ++run) {
      for (size_t width = 0; width < plans_.size(); ++width) {
        times[width].resize(plans_[width].graph().nodes.size());
        Taps taps;
        taps.on_time = [&](size_t node, double ms) { times[width][node].push_back(ms); };
        LOWBIT_CO_TRY(plans_[width].run_in_place(taps));
        co_yield Progress{};
      }
    }
    double whole = 0;
    for (size_t layer = 0; layer < nodes_.size(); ++layer) {
      for (size_t width = 0; width < plans_.size(); ++width) {
        choices_[layer][width].cost = percentiles(times[width][nodes_[layer]]).median;
      }
      whole += choices_[layer][0].cost;
    }
    for (auto& choices : choices_) level_costs(choices, kSameLayerTime, kSameTime * whole);
    co_return Success{};
  }

  MixedPoint point_of(const Allocation& allocation) const {
    std::vector<int> bits;
    for (const int choice : allocation.choice) {
      bits.push_back(options_.bits[static_cast<size_t>(choice)]);
    }
    Recipe recipe = with_bits(recipe_, result_.layers, bits);
    return {std::move(recipe), std::move(bits), allocation.cost, allocation.loss};
  }

  // One width for all layers.
  MixedPoint uniform(size_t width) const {
    const int bits = options_.bits[width];
    MixedPoint point{with_bits(recipe_, bits), std::vector(choices_.size(), bits), 0, 0};
    for (const std::vector<Choice>& choices : choices_) {
      point.cost += choices[width].cost;
      point.predicted_kl += choices[width].loss;
    }
    return point;
  }

  Task<Score> measure(Recipe recipe) {
    LOWBIT_CO_FINISH(QuantizedGraph model, quantized(std::move(recipe)));
    LOWBIT_CO_FINISH(const Score score, evaluator_.measure(std::move(model.graph), false));
    co_return score;
  }

  // Takes the point if its loss is less than that of the chosen one.
  Task<Success> compete(MixedPoint point) {
    LOWBIT_CO_FINISH(const Score score, measure(point.recipe));
    if (!result_.score || score.kl < result_.score->kl) {
      result_.chosen = std::move(point);
      result_.score = score;
    }
    co_return Success{};
  }

  Task<Success> choose() {
    if (options_.budget) {
      LOWBIT_CO_DO(choose_within(*options_.budget));
    } else if (options_.max_drop) {
      LOWBIT_CO_DO(choose_cheapest(*options_.max_drop));
    }
    co_return Success{};
  }

  Task<Success> choose_within(double budget) {
    const MixedPoint best = point_of(allocate_within(choices_, budget));
    if (best.cost > budget * (1 + 1e-9)) co_return Success{};
    LOWBIT_CO_DO(compete(best));
    std::optional<MixedPoint> largest;
    for (size_t width = 0; width < options_.bits.size(); ++width) {
      MixedPoint point = uniform(width);
      if (point.cost > budget * (1 + 1e-9)) continue;
      if (!largest || point.predicted_kl < largest->predicted_kl) largest = std::move(point);
    }
    if (largest) {
      LOWBIT_CO_DO(compete(*std::move(largest)));
    }
    co_return Success{};
  }

  // The cheapest point of the front that loses no more, by bisection: losses rise along it, but for
  // what single samples do.
  Task<Success> choose_cheapest(double max_drop) {
    size_t first = 0;
    size_t last = result_.front.size();
    while (first < last) {
      const size_t middle = (first + last) / 2;
      LOWBIT_CO_FINISH(const Score score, measure(result_.front[middle].recipe));
      if (quality(fp32_) - quality(score) <= max_drop) {
        result_.chosen = result_.front[middle];
        result_.score = score;
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    co_return Success{};
  }

  Graph prepared_;
  Calibration calibration_;
  Recipe recipe_;
  std::vector<Tensor> samples_;
  MixedPrecisionOptions options_;
  Evaluator evaluator_;
  Score fp32_;
  std::vector<std::vector<Choice>> choices_;  // [layer][width]
  std::vector<size_t> nodes_;                 // of the layers, in every quantized graph
  std::vector<Plan> plans_;                   // of each width; empty where the cost is bytes
  MixedPrecision result_;
};

}  // namespace

Task<MixedPrecision> mix_precision(Graph fp32, Recipe recipe, std::vector<Tensor> samples,
                                   std::vector<int32_t> labels, MixedPrecisionOptions options) {
  LOWBIT_CO_TRY(check_options(options));
  LOWBIT_CO_ASSIGN(Graph prepared, prepare(fp32));
  LOWBIT_CO_TRY(check_recipe(prepared, recipe));
  if (recipe.equalize) {
    LOWBIT_CO_FINISH(prepared, equalize(prepared, samples));
  }
  LOWBIT_CO_FINISH(Calibration calibration, calibrate_in_steps(prepared, samples));
  Mixer mixer(std::move(prepared), std::move(calibration), std::move(recipe), std::move(samples),
              std::move(labels), std::move(options));
  LOWBIT_CO_FINISH(MixedPrecision result, mixer.run());
  co_return result;
}

}  // namespace lowbit

#include "compare/compare.h"

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/text.h"
#include "compare/predictions.h"
#include "graph/rewrites.h"

namespace lowbit {

namespace {

// What a plan is for: one that is only run makes fewer values.
enum class Purpose : uint8_t { kValues, kTimes };

// One model of the two, with the plan of the shapes and the purpose it ran for last.
struct Side {
  Graph graph;
  Tier tier = Tier::kSimd128;
  Tiles tiles = {};
  std::optional<Plan> plan = {};
  std::vector<Shape> shapes = {};
  Purpose purpose = Purpose::kValues;
  int64_t bytes = 0;
  std::vector<double> run_ms = {};
  std::vector<std::vector<double>> node_ms = {};

  Status prepare(std::span<const Tensor> inputs, Purpose wanted_purpose) {
    std::vector<Shape> wanted;
    for (const Tensor& input : inputs) wanted.push_back(input.shape());
    if (plan && wanted == shapes && wanted_purpose == purpose) return success();
    PlanOptions options;
    options.tier = tier;
    options.tiles = tiles;
    options.joins_conversions = wanted_purpose == Purpose::kTimes;
    LOWBIT_ASSIGN(plan, make_plan(graph, wanted, options));
    shapes = std::move(wanted);
    purpose = wanted_purpose;
    return success();
  }
};

double median_ms(const std::vector<double>& samples) {
  return samples.empty() ? 0 : percentiles(samples).median;
}

// A browser's clock moves in steps of 0.1 ms, as long as a small model runs: what is timed is as
// many runs as make the step small.
constexpr double kTimedMs = 2.0;

struct Timing {
  double total_ms = 0;
  int runs = 0;
};

// On the inputs that the plan ran last: what is timed is the model, not the copying of tensors.
Result<Timing> run_repeatedly(Plan& plan, const Taps& taps) {
  const double start_ms = now_ms();
  Timing timing;
  while (timing.total_ms < kTimedMs) {
    LOWBIT_TRY(plan.run_in_place(taps));
    ++timing.runs;
    timing.total_ms = now_ms() - start_ms;
  }
  return timing;
}

Status time_runs(Side& side) {
  LOWBIT_ASSIGN(const Timing timing, run_repeatedly(*side.plan, {}));
  side.run_ms.push_back(timing.total_ms / timing.runs);
  return success();
}

// Apart from time_runs, so that reading the clock after every node does not slow the run that is
// counted.
Status time_nodes(Side& side) {
  std::vector<double> total_ms(side.graph.nodes.size());
  Taps taps;
  taps.on_time = [&total_ms](size_t node, double ms) { total_ms[node] += ms; };
  LOWBIT_ASSIGN(const Timing timing, run_repeatedly(*side.plan, taps));
  side.node_ms.resize(total_ms.size());
  for (size_t i = 0; i < total_ms.size(); ++i) {
    side.node_ms[i].push_back(total_ms[i] / timing.runs);
  }
  return success();
}

}  // namespace

struct Comparison::State {
  Side a;
  Side b;
  Evaluation evaluation;

  // Over all batches, in their order; one per node of b.
  std::vector<LayerErrors> total_errors() const {
    std::vector<LayerErrors> totals(b.graph.nodes.size());
    for (size_t i = 0; i < evaluation.errors.size(); ++i) {
      LayerErrors& total = totals[i % totals.size()];
      total.accumulated.add(evaluation.errors[i].accumulated);
      total.isolated.add(evaluation.errors[i].isolated);
    }
    return totals;
  }

  // Layers are those of b that compute: its QuantizeLinear and DequantizeLinear nodes are not
  // layers of a.
  std::vector<LayerReport> layers() const {
    std::map<std::string, size_t> a_nodes;
    for (size_t i = 0; i < a.graph.nodes.size(); ++i) a_nodes[a.graph.nodes[i].name] = i;
    const std::vector<LayerErrors> errors = total_errors();
    std::vector<LayerReport> result;
    for (size_t i = 0; i < b.graph.nodes.size(); ++i) {
      const Node& node = b.graph.nodes[i];
      const auto in_a = a_nodes.find(node.name);
      if (in_a == a_nodes.end()) continue;
      LayerReport layer;
      layer.name = node.name;
      layer.op = std::string(op_info(node.op).name);
      layer.output = a.graph.value(a.graph.nodes[in_a->second].output).name;
      layer.errors = errors[i];
      if (in_a->second < a.node_ms.size()) layer.a_ms = median_ms(a.node_ms[in_a->second]);
      if (i < b.node_ms.size()) layer.b_ms = median_ms(b.node_ms[i]);
      result.push_back(std::move(layer));
    }
    return result;
  }
};

Comparison::Comparison(std::unique_ptr<State> state) : state_(std::move(state)) {}
Comparison::Comparison(Comparison&&) noexcept = default;
Comparison& Comparison::operator=(Comparison&&) noexcept = default;
Comparison::~Comparison() = default;

Result<Comparison> Comparison::create(const Graph& a, const Graph& b, int64_t a_bytes,
                                      int64_t b_bytes, Tier tier, Tiles tiles) {
  auto state = std::make_unique<State>();
  LOWBIT_ASSIGN(state->a.graph, optimize(a));
  LOWBIT_ASSIGN(state->b.graph, optimize(b));
  state->a.tier = state->b.tier = tier;
  state->a.tiles = state->b.tiles = tiles;
  state->a.bytes = a_bytes;
  state->b.bytes = b_bytes;
  return Comparison(std::move(state));
}

Status Comparison::add(std::span<const Tensor> inputs, std::span<const int32_t> labels) {
  State& s = *state_;
  LOWBIT_TRY(s.a.prepare(inputs, Purpose::kValues));
  LOWBIT_TRY(s.b.prepare(inputs, Purpose::kValues));
  Activations exact;
  Taps taps;
  taps.on_value = [&](const ValueView& view) { return exact.keep(s.a.graph, view); };
  LOWBIT_ASSIGN(const std::vector<Tensor> a_outputs, s.a.plan->run(inputs, taps));
  LOWBIT_ASSIGN(const Predictions in_a, predict(a_outputs, "model a"));
  LOWBIT_TRY(check_labels(labels, in_a));

  std::vector<LayerErrors> errors;
  LOWBIT_ASSIGN(const std::vector<Tensor> b_outputs,
                add_layer_errors(*s.b.plan, inputs, exact, errors));
  LOWBIT_ASSIGN(const Predictions in_b, predict(b_outputs, "model b"));
  if (in_a.classes.size() != in_b.classes.size() || in_a.class_count != in_b.class_count) {
    return make_error(
        ErrorCode::kShapeMismatch,
        format_text("the two models' outputs differ in shape: {} and {}",
                    a_outputs[0].shape().to_string(), b_outputs[0].shape().to_string()),
        "model b");
  }
  for (size_t i = 0; i < in_a.classes.size(); ++i) {
    s.evaluation.samples.push_back({labels.empty() ? kNoLabel : labels[i], in_a.classes[i],
                                    in_b.classes[i], in_a.margins[i], in_b.margins[i]});
  }
  s.evaluation.errors.insert(s.evaluation.errors.end(), errors.begin(), errors.end());
  return success();
}

const Evaluation& Comparison::evaluation() const { return state_->evaluation; }

Status Comparison::append(const Evaluation& next) {
  const size_t nodes = state_->b.graph.nodes.size();
  if (nodes == 0 ? !next.errors.empty() : next.errors.size() % nodes != 0) {
    return make_error(ErrorCode::kInvalidArgument, "the evaluation is one of other models");
  }
  Evaluation& all = state_->evaluation;
  all.samples.insert(all.samples.end(), next.samples.begin(), next.samples.end());
  all.errors.insert(all.errors.end(), next.errors.begin(), next.errors.end());
  return success();
}

Status Comparison::measure_latency(std::span<const Tensor> inputs, int warmup, int runs) {
  State& s = *state_;
  LOWBIT_TRY(s.a.prepare(inputs, Purpose::kTimes));
  LOWBIT_TRY(s.b.prepare(inputs, Purpose::kTimes));
  for (int i = 0; i < std::max(warmup, 1); ++i) {
    LOWBIT_TRY(s.a.plan->run(inputs));
    LOWBIT_TRY(s.b.plan->run(inputs));
  }
  for (int i = 0; i < runs; ++i) {
    LOWBIT_TRY(time_runs(s.a));
    LOWBIT_TRY(time_runs(s.b));
    LOWBIT_TRY(time_nodes(s.a));
    LOWBIT_TRY(time_nodes(s.b));
  }
  return success();
}

Report Comparison::report() const {
  const State& s = *state_;
  Report report;
  int64_t both_right = 0;
  int64_t both_wrong = 0;
  for (const SampleResult& sample : s.evaluation.samples) {
    report.a.predictions.push_back(sample.a_class);
    report.b.predictions.push_back(sample.b_class);
    report.a.margins.push_back(sample.a_margin);
    report.b.margins.push_back(sample.b_margin);
    report.agreeing += sample.a_class == sample.b_class;
    if (sample.label == kNoLabel) continue;
    const bool a_right = sample.a_class == sample.label;
    const bool b_right = sample.b_class == sample.label;
    ++report.labelled;
    report.a.correct += a_right;
    report.b.correct += b_right;
    both_right += a_right && b_right;
    both_wrong += !a_right && !b_right;
  }
  report.samples = static_cast<int64_t>(s.evaluation.samples.size());
  report.top1_difference = paired_difference(both_right, report.a.correct - both_right,
                                             report.b.correct - both_right, both_wrong);
  report.layers = s.layers();
  const auto finish = [&report](const Side& side, ModelReport& model) {
    model.bytes = side.bytes;
    if (report.labelled > 0)
      model.top1 = static_cast<double>(model.correct) / static_cast<double>(report.labelled);
    if (!side.run_ms.empty()) model.latency_ms = percentiles(side.run_ms);
  };
  finish(s.a, report.a);
  finish(s.b, report.b);
  return report;
}

}  // namespace lowbit

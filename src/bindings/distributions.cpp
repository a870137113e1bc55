// How activations, weights and accumulators are distributed, for JavaScript. The rules are those of
// quantize.cpp, but every call is short. The names of properties are those of
// web/lib/src/distributions.ts.
#include <emscripten/bind.h>

#include "bindings/outcome.h"

namespace lowbit::bindings {

namespace {

using emscripten::val;

// What each function returns is stated in web/lib/src/protocol.ts.
EMSCRIPTEN_DECLARE_VAL_TYPE(DistributionsOrFailure)
// From options that web/lib has completed and checked: {bits, symmetric, percentile, range, bins,
// points}, of which `range` may be null.
EMSCRIPTEN_DECLARE_VAL_TYPE(JsDistributionOptions)

val to_bars(const Bars& bars) {
  val result = val::object();
  result.set("low", bars.low);
  result.set("high", bars.high);
  result.set("counts", to_copy(std::span(bars.counts)));
  return result;
}

// ---- Activations
// -----------------------------------------------------------------------------------

Result<Calibration> read_calibration(const JsBytes& bytes) {
  LOWBIT_ASSIGN(const std::shared_ptr<Buffer> buffer, read_bytes(bytes));
  return load_calibration({buffer->data(), buffer->byte_count()});
}

val to_observed_value(const std::string& name, const Observation& observation) {
  val result = val::object();
  result.set("name", to_text(name));
  result.set("min", observation.min);
  result.set("max", observation.max);
  result.set("count", to_number(observation.count));
  result.set("zeros", to_number(observation.zeros));
  return result;
}

val to_point(const ClippingPoint& point) {
  val result = val::object();
  result.set("min", point.range.min);
  result.set("max", point.range.max);
  result.set("clipError", point.clip_error);
  result.set("roundError", point.round_error);
  return result;
}

val to_quantized_range(const QuantizedRange& quantized) {
  val result = to_point(quantized.point);
  result.set("scale", quantized.params.scale[0]);
  result.set("zeroPoint", quantized.params.zero_point[0]);
  result.set("qmin", quantized.params.qmin);
  result.set("counts", to_copy(std::span(quantized.counts)));
  return result;
}

Result<val> try_values(const JsBytes& bytes) {
  LOWBIT_ASSIGN(const Calibration calibration, read_calibration(bytes));
  val result = val::array();
  for (const auto& [name, observation] : calibration.by_value) {
    result.call<void>("push", to_observed_value(name, observation));
  }
  return result;
}

DistributionsOrFailure values(const JsBytes& calibration) {
  return DistributionsOrFailure(to_outcome(try_values(calibration)));
}

DistributionOptions read_options(const val& options) {
  DistributionOptions result{.bits = options["bits"].as<int>(),
                             .symmetric = options["symmetric"].as<bool>(),
                             .percentile = options["percentile"].as<double>(),
                             .bar_count = options["bins"].as<int>(),
                             .point_count = options["points"].as<int>()};
  const val range = options["range"];
  if (!range.isNull()) result.range = {range["min"].as<float>(), range["max"].as<float>()};
  return result;
}

Result<val> try_distribution(const JsBytes& bytes, const std::string& value,
                             const JsDistributionOptions& options) {
  LOWBIT_ASSIGN(const Calibration calibration, read_calibration(bytes));
  LOWBIT_ASSIGN(const Observation* const observation, find_observation(calibration, value));
  const Distribution source = distribution(*observation, read_options(options));
  val curve = val::array();
  for (const ClippingPoint& point : source.curve) curve.call<void>("push", to_point(point));
  val choices = val::object();
  val own = val::null();
  for (size_t i = 0; i < source.choices.size(); ++i) {
    const val choice = to_quantized_range(source.choices[i]);
    if (i < kObserverCount) {
      choices.set(to_text(kObserverNames[i]), choice);
    } else {
      own = choice;
    }
  }
  val result = to_observed_value(value, *observation);
  result.set("histogram", to_bars(source.histogram));
  result.set("curve", curve);
  result.set("choices", choices);
  result.set("range", own);
  return result;
}

DistributionsOrFailure distribution_of(const JsBytes& calibration, const std::string& value,
                                       const JsDistributionOptions& options) {
  return DistributionsOrFailure(to_outcome(try_distribution(calibration, value, options)));
}

// ---- Weights and accumulators
// ----------------------------------------------------------------------

Result<val> try_layers(const Model& model) {
  LOWBIT_ASSIGN(const Graph graph, graph_of_weights(model.graph()));
  val result = val::array();
  for (const LayerWeights& layer : layers_with_weights(graph)) {
    val item = val::object();
    item.set("name", to_text(layer.name));
    item.set("op", to_text(layer.op));
    item.set("channels", layer.channels);
    item.set("count", to_number(layer.count));
    result.call<void>("push", item);
  }
  return result;
}

DistributionsOrFailure layers(const Model& model) {
  return DistributionsOrFailure(to_outcome(try_layers(model)));
}

// `channel`: below 0 for all.
Result<val> try_weights(const Model& model, const std::string& layer, int channel, int bins) {
  LOWBIT_ASSIGN(const Graph graph, graph_of_weights(model.graph()));
  const std::optional<int32_t> shown = channel < 0 ? std::nullopt : std::optional(channel);
  LOWBIT_ASSIGN(const WeightDistribution source, weight_distribution(graph, layer, shown, bins));
  const bool is_integer = !source.integers.empty();
  val integers = val::null();
  if (is_integer) {
    integers = val::object();
    integers.set("qmin", source.qmin);
    integers.set("counts", to_copy(std::span(source.integers)));
  }
  val ranges = val::array();
  for (size_t i = 0; i < source.channel_min.size(); ++i) {
    val range = val::object();
    range.set("min", source.channel_min[i]);
    range.set("max", source.channel_max[i]);
    range.set("scale", is_integer ? val(source.channel_scale[i]) : val::null());
    ranges.call<void>("push", range);
  }
  val result = val::object();
  result.set("histogram", to_bars(source.histogram));
  result.set("integers", integers);
  result.set("ranges", ranges);
  return result;
}

DistributionsOrFailure weights(const Model& model, const std::string& layer, int channel,
                               int bins) {
  return DistributionsOrFailure(to_outcome(try_weights(model, layer, channel, bins)));
}

DistributionsOrFailure accumulators_of(const Model& model) {
  val result = val::array();
  for (const LayerAccumulators& layer : accumulators(model.graph())) {
    val item = val::object();
    item.set("name", to_text(layer.name));
    item.set("op", to_text(layer.op));
    item.set("low", to_copy(std::span(layer.low)));
    item.set("high", to_copy(std::span(layer.high)));
    item.set("bits", layer.bits);
    item.set("share", layer.share);
    result.call<void>("push", item);
  }
  return DistributionsOrFailure(result);
}

}  // namespace

EMSCRIPTEN_BINDINGS(distributions) {
  using emscripten::function;
  using emscripten::register_type;

  register_type<DistributionsOrFailure>("any");
  register_type<JsDistributionOptions>("import('./raw.js').DistributionChoice");

  function("values(calibration)", &values);
  function("distribution(calibration, value, options)", &distribution_of);
  function("layers(model)", &layers);
  function("weights(model, layer, channel, bins)", &weights);
  function("accumulators(model)", &accumulators_of);
}

}  // namespace lowbit::bindings

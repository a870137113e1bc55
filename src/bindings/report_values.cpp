#include "bindings/report_values.h"

namespace lowbit::bindings {

using emscripten::val;

namespace {

val to_model_report(const ModelReport& model, bool is_labelled, bool is_timed) {
  val latency = val::null();
  if (is_timed) {
    latency = val::object();
    latency.set("p10", model.latency_ms.p10);
    latency.set("median", model.latency_ms.median);
    latency.set("p90", model.latency_ms.p90);
  }
  val report = val::object();
  report.set("bytes", to_number(model.bytes));
  report.set("correct", to_number(model.correct));
  report.set("top1", is_labelled ? val(model.top1) : val::null());
  report.set("latencyMs", latency);
  report.set("predictions", to_copy(std::span(model.predictions)));
  report.set("margins", to_copy(std::span(model.margins)));
  return report;
}

val to_error(const ErrorAccumulator& error) {
  val result = val::object();
  result.set("sqnrDb", error.sqnr_db());
  result.set("cosine", error.cosine());
  result.set("mse", error.mse());
  return result;
}

val to_layer_reports(const std::vector<LayerReport>& layers) {
  val reports = val::array();
  for (const LayerReport& layer : layers) {
    val report = val::object();
    report.set("name", to_text(layer.name));
    report.set("op", to_text(layer.op));
    report.set("output", to_text(layer.output));
    report.set("accumulated", to_error(layer.errors.accumulated));
    report.set("isolated", to_error(layer.errors.isolated));
    report.set("aMs", layer.a_ms);
    report.set("bMs", layer.b_ms);
    reports.call<void>("push", report);
  }
  return reports;
}

}  // namespace

val to_report(const Report& source, bool is_timed) {
  const bool is_labelled = source.labelled > 0;
  val difference = val::null();
  if (is_labelled) {
    difference = val::object();
    difference.set("difference", source.top1_difference.difference);
    difference.set("low", source.top1_difference.low);
    difference.set("high", source.top1_difference.high);
  }
  val report = val::object();
  report.set("samples", to_number(source.samples));
  report.set("labelled", to_number(source.labelled));
  report.set("agreeing", to_number(source.agreeing));
  report.set("top1Difference", difference);
  report.set("a", to_model_report(source.a, is_labelled, is_timed));
  report.set("b", to_model_report(source.b, is_labelled, is_timed));
  report.set("layers", to_layer_reports(source.layers));
  return report;
}

val to_score(const Score& score) {
  val result = val::object();
  result.set("samples", to_number(score.samples));
  result.set("labelled", to_number(score.labelled));
  result.set("correct", to_number(score.correct));
  result.set("top1", score.labelled > 0 ? val(score.top1()) : val::null());
  result.set("agreeing", to_number(score.agreeing));
  result.set("sqnrDb", score.sqnr_db);
  result.set("kl", score.kl);
  return result;
}

val to_sensitivity(const Sensitivity& sensitivity) {
  const auto to_score_or_null = [](const std::optional<Score>& score) {
    return score ? to_score(*score) : val::null();
  };
  val layers = val::array();
  for (const LayerSensitivity& layer : sensitivity.layers) {
    val item = val::object();
    item.set("name", to_text(layer.name));
    item.set("op", to_text(layer.op));
    item.set("weights", to_score_or_null(layer.weights));
    item.set("output", to_score_or_null(layer.output));
    layers.call<void>("push", item);
  }
  val result = val::object();
  result.set("fp32", to_score(sensitivity.fp32));
  result.set("layers", layers);
  return result;
}

val to_diagnosis(const Diagnosis& diagnosis) {
  const auto to_examination = [](const Examination& examination) {
    val result = val::object();
    result.set("score", to_score(examination.score));
    result.set("bytes", to_number(examination.bytes));
    return result;
  };
  val findings = val::array();
  for (const Finding& finding : diagnosis.findings) {
    const RuleInfo& rule = kRules[static_cast<size_t>(finding.rule)];
    val item = val::object();
    item.set("rule", to_text(rule.id));
    item.set("repair", to_text(rule.repair));
    item.set("layer", to_text(finding.layer));
    item.set("reason", to_text(finding.reason));
    item.set("recipe", to_text(write_recipe(finding.recipe)));
    item.set("expectedKl", finding.expected_kl);
    item.set("before", to_examination(finding.before));
    item.set("after", to_examination(finding.after));
    item.set("isKept", finding.is_kept);
    findings.call<void>("push", item);
  }
  val result = val::object();
  result.set("findings", findings);
  result.set("recipe", to_text(write_recipe(diagnosis.recipe)));
  result.set("fp32", to_score(diagnosis.fp32));
  result.set("before", to_examination(diagnosis.before));
  result.set("after", to_examination(diagnosis.after));
  return result;
}

val to_mixed_precision(const MixedPrecision& mixed) {
  const auto to_numbers = [](const auto& numbers) {
    val result = val::array();
    for (const auto number : numbers) result.call<void>("push", to_number(number));
    return result;
  };
  const auto to_point = [&](const MixedPoint& point) {
    val result = val::object();
    result.set("bits", to_numbers(point.bits));
    result.set("cost", point.cost);
    result.set("predictedKl", point.predicted_kl);
    return result;
  };
  val kl = val::array();
  val cost = val::array();
  for (const auto& of_layer : mixed.kl) kl.call<void>("push", to_numbers(of_layer));
  for (const auto& of_layer : mixed.cost) cost.call<void>("push", to_numbers(of_layer));
  val front = val::array();
  for (const MixedPoint& point : mixed.front) front.call<void>("push", to_point(point));
  val result = val::object();
  result.set("layers", to_texts(mixed.layers));
  result.set("kl", kl);
  result.set("cost", cost);
  result.set("front", front);
  result.set("chosen", mixed.chosen ? to_point(*mixed.chosen) : val::null());
  result.set("score", mixed.score ? to_score(*mixed.score) : val::null());
  return result;
}

}  // namespace lowbit::bindings

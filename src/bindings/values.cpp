#include "bindings/values.h"

#include <map>
#include <string>
#include <type_traits>

#include "base/text.h"

namespace lowbit::bindings {

using emscripten::typed_memory_view;
using emscripten::val;

namespace {

template <class T>
val to_text(const T& text) {
  return val::u8string(std::string(text).c_str());
}

template <class T>
val to_number(T value) {
  return val(static_cast<double>(value));
}

template <class T>
val to_copy(std::span<const T> values) {
  return val(typed_memory_view(values.size(), values.data())).template call<val>("slice");
}

// In the array `lent`, if there is one of that length.
val to_lent_or_copy(const val& lent, std::span<const float> values) {
  if (lent.isUndefined() || lent["length"].as<size_t>() != values.size()) return to_copy(values);
  lent.call<void>("set", typed_memory_view(values.size(), values.data()));
  return lent;
}

val to_shape(const Graph& graph, const Shape& shape) {
  val dims = val::array();
  for (const int64_t dim : shape.dims()) {
    dims.call<void>(
        "push", dim >= 0 ? to_number(dim) : to_text(graph.symbols[static_cast<size_t>(-1 - dim)]));
  }
  return dims;
}

// The parameters on the integer side of the node where `id`, an input or output of the graph,
// becomes or stops being an integer.
const QuantParams* quantization_at_border(const Graph& graph, ValueId id) {
  for (const Node& node : graph.nodes) {
    if (node.op == Op::kQuantizeLinear && node.inputs[0] == id) {
      return &*graph.value(node.output).quant;
    }
    if (node.op == Op::kDequantizeLinear && node.output == id) {
      return &*graph.value(node.inputs[0]).quant;
    }
  }
  return nullptr;
}

val to_value_infos(const Graph& graph, const std::vector<ValueId>& ids) {
  val infos = val::array();
  for (const ValueId id : ids) {
    const Value& value = graph.value(id);
    val info = val::object();
    info.set("name", to_text(value.name));
    info.set("dtype", to_text(dtype_name(value.dtype)));
    info.set("shape", to_shape(graph, value.shape));
    const QuantParams* quant = quantization_at_border(graph, id);
    if (quant != nullptr && quant->per_tensor()) {
      val quantization = val::object();
      quantization.set("scale", quant->scale[0]);
      quantization.set("zeroPoint", quant->zero_point[0]);
      info.set("quantization", quantization);
    }
    infos.call<void>("push", info);
  }
  return infos;
}

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

val to_layer_reports(const std::vector<LayerReport>& layers) {
  val reports = val::array();
  for (const LayerReport& layer : layers) {
    val report = val::object();
    report.set("name", to_text(layer.name));
    report.set("op", to_text(layer.op));
    report.set("output", to_text(layer.output));
    report.set("accumulatedSqnrDb", layer.accumulated_sqnr_db);
    report.set("isolatedSqnrDb", layer.isolated_sqnr_db);
    report.set("aMs", layer.a_ms);
    report.set("bMs", layer.b_ms);
    reports.call<void>("push", report);
  }
  return reports;
}

// Copies as many bytes as `target` has.
void read_into(std::span<std::byte> target, const val& bytes) {
  auto* data = reinterpret_cast<uint8_t*>(target.data());
  val(typed_memory_view(target.size(), data)).call<void>("set", bytes);
}

// From a Uint8Array of whole elements.
template <class T>
std::vector<T> read_vector(const val& bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::vector<T> elements(bytes["length"].as<unsigned>() / sizeof(T));
  read_into(std::as_writable_bytes(std::span(elements)), bytes);
  return elements;
}

void copy_data(const val& tensor, std::span<float> target) {
  val(typed_memory_view(target.size(), target.data())).call<void>("set", tensor["data"]);
}

}  // namespace

val to_failure(const Error& error) {
  val details = val::object();
  details.set("code", to_text(error_code_name(error.code)));
  details.set("message", to_text(error.message));
  details.set("where", to_text(error.where));
  val failure = val::object();
  failure.set("error", details);
  return failure;
}

val to_bytes(std::span<const std::byte> bytes) {
  return to_copy(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

Result<val> to_tensors(std::span<const ValueView> values, const val& lent) {
  val result = val::array();
  const auto lent_count = lent["length"].as<size_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    const ValueView& value = values[i];
    if (value.dtype != DType::kF32) {
      return make_error(ErrorCode::kTypeMismatch, "only float32 outputs can be returned",
                        "outputs");
    }
    val shape = val::array();
    for (const int64_t dim : value.shape.dims()) shape.call<void>("push", to_number(dim));
    val item = val::object();
    item.set("data", to_lent_or_copy(i < lent_count ? lent[i]["data"] : val::undefined(),
                                     value.as<float>()));
    item.set("shape", shape);
    result.call<void>("push", item);
  }
  return result;
}

val to_model_info(const Graph& graph) {
  std::map<std::string_view, int> counts;
  for (const Node& node : graph.nodes) ++counts[op_info(node.op).name];
  val operators = val::object();
  for (const auto& [name, count] : counts) operators.set(to_text(name), count);
  int64_t parameters = 0;
  for (const Value& value : graph.values) {
    if (value.constant) parameters += value.constant->element_count();
  }
  val info = val::object();
  info.set("inputs", to_value_infos(graph, graph.inputs));
  info.set("outputs", to_value_infos(graph, graph.outputs));
  info.set("operators", operators);
  info.set("parameters", to_number(parameters));
  info.set("quantized", graph.is_quantized());
  return info;
}

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

val to_texts(const std::vector<std::string>& texts) {
  val result = val::array();
  for (const std::string& text : texts) result.call<void>("push", to_text(text));
  return result;
}

val to_progress(const Progress& progress) {
  val result = val::object();
  result.set("stage", to_text(progress.stage));
  result.set("fraction", progress.fraction);
  return result;
}

val to_calibration(const Calibration& calibration) {
  val result = val::object();
  result.set("samples", to_number(calibration.sample_count));
  result.set("bytes", to_bytes(save_calibration(calibration)));
  return result;
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

val to_evaluation(const Evaluation& source) {
  val evaluation = val::object();
  evaluation.set("samples", to_bytes(std::as_bytes(std::span(source.samples))));
  evaluation.set("errors", to_bytes(std::as_bytes(std::span(source.errors))));
  return evaluation;
}

Result<std::vector<Shape>> read_shapes(const val& tensors) {
  std::vector<Shape> shapes;
  const auto count = tensors["length"].as<unsigned>();
  for (unsigned i = 0; i < count; ++i) {
    std::vector<int64_t> dims;
    for (const double dim : emscripten::convertJSArrayToNumberVector<double>(tensors[i]["shape"])) {
      dims.push_back(static_cast<int64_t>(dim));
    }
    LOWBIT_ASSIGN(shapes.emplace_back(), Shape::from_dims(dims));
  }
  return shapes;
}

Result<std::vector<Tensor>> read_tensors(const val& tensors) {
  LOWBIT_ASSIGN(const std::vector<Shape> shapes, read_shapes(tensors));
  std::vector<Tensor> result;
  for (size_t i = 0; i < shapes.size(); ++i) {
    LOWBIT_ASSIGN(Tensor tensor, Tensor::allocate(DType::kF32, shapes[i]));
    copy_data(tensors[i], tensor.mutable_data<float>());
    result.push_back(std::move(tensor));
  }
  return result;
}

Status read_data(const val& tensors, std::span<const ValueView> places) {
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i].dtype != DType::kF32) {
      return make_error(
          ErrorCode::kTypeMismatch,
          format_text("an input is {}; only float32 can be given", dtype_name(places[i].dtype)),
          "inputs");
    }
    copy_data(tensors[i], places[i].as<float>());
  }
  return success();
}

Evaluation read_evaluation(const val& evaluation) {
  return {read_vector<SampleResult>(evaluation["samples"]),
          read_vector<LayerErrors>(evaluation["errors"])};
}

MixedPrecisionOptions read_mixed_precision_options(const val& options) {
  const auto read_number = [&](const char* name) -> std::optional<double> {
    const val number = options[name];
    if (number.isNull()) return {};
    return number.as<double>();
  };
  return {.bits = emscripten::convertJSArrayToNumberVector<int>(options["bits"]),
          .cost = options["cost"].as<std::string>() == "ms" ? Cost::kMilliseconds : Cost::kBytes,
          .budget = read_number("budget"),
          .max_drop = read_number("maxDrop")};
}

DoctorOptions read_doctor_options(const val& options) {
  DoctorOptions result;
  result.least_gain = options["leastGain"].as<double>();
  result.keep_per_tensor = options["keepPerTensor"].as<bool>();
  const val budget = options["byteBudget"];
  if (!budget.isNull()) result.byte_budget = static_cast<int64_t>(budget.as<double>());
  return result;
}

Tier read_tier(const val& tier) {
  return find_tier(tier.as<std::string>()).value_or(Tier::kSimd128);
}

val to_tiles(const Tiles& tiles) {
  val result = val::object();
  if (tiles.matmul_f32 != 0) result.set("f32", tiles.matmul_f32);
  if (tiles.matmul_u8s8 != 0) result.set("int8", tiles.matmul_u8s8);
  return result;
}

Tiles read_tiles(const val& tiles) {
  const auto rows = [&](const char* kernel) {
    const val given = tiles[kernel];
    return given.isUndefined() ? 0 : given.as<int>();
  };
  return {.matmul_f32 = rows("f32"), .matmul_u8s8 = rows("int8")};
}

Result<std::shared_ptr<Buffer>> read_bytes(const val& bytes) {
  LOWBIT_ASSIGN(std::shared_ptr<Buffer> buffer, Buffer::allocate(bytes["length"].as<unsigned>()));
  read_into({buffer->data(), buffer->byte_count()}, bytes);
  return buffer;
}

}  // namespace lowbit::bindings

// Lowbit for JavaScript: three handles (Model, Calibration, Comparison) and the function load,
// bound by Embind. web/lib drives them and hides them; what is public is documented there
// (web/lib/src/types.ts).
//
// Every function returns its value or a Failure, {error: {code, message, where}}; none throws. Data
// goes in and comes out as copies, so nothing in JavaScript ever points into this memory. No call
// takes more than one batch: web/lib cuts long work into short calls, which is what makes it
// stoppable from outside.
#include <emscripten/bind.h>
#include <emscripten/em_js.h>
#include <emscripten/val.h>

#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "api/lowbit.h"

// Where `new` finds no memory it would abort without a word. A JavaScript exception ends the call
// instead; web/lib knows its message and discards the instance. (Tensors are allocated by other
// means, and return kOutOfMemory.)
EM_JS(void, throw_out_of_memory, (), { throw new Error('OUT_OF_MEMORY'); })

namespace {

using emscripten::typed_memory_view;
using emscripten::val;
using lowbit::Comparison;
using lowbit::ErrorCode;
using lowbit::Graph;
using lowbit::make_error;
using lowbit::Model;
using lowbit::Result;
using lowbit::Tensor;

// JavaScript's types, as the generated lowbit.d.ts states them.
EMSCRIPTEN_DECLARE_VAL_TYPE(Bytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(BytesOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(ModelOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(CalibrationOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(ComparisonOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(DoneOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(TensorList)
EMSCRIPTEN_DECLARE_VAL_TYPE(TensorsOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(Labels)
EMSCRIPTEN_DECLARE_VAL_TYPE(TierName)
EMSCRIPTEN_DECLARE_VAL_TYPE(CompleteRecipe)
EMSCRIPTEN_DECLARE_VAL_TYPE(ModelInfo)
EMSCRIPTEN_DECLARE_VAL_TYPE(Report)

// ---- to JavaScript
// ---------------------------------------------------------------------------------

template <class T>
val to_text(const T& text) {
  return val::u8string(std::string(text).c_str());
}

val to_failure(const lowbit::Error& error) {
  val details = val::object();
  details.set("code", to_text(lowbit::error_code_name(error.code)));
  details.set("message", to_text(error.message));
  details.set("where", to_text(error.where));
  val failure = val::object();
  failure.set("error", details);
  return failure;
}

// A typed array of its own.
template <class T>
val to_copy(std::span<const T> values) {
  return val(typed_memory_view(values.size(), values.data())).template call<val>("slice");
}

template <class T>
val to_number(T value) {
  return val(static_cast<double>(value));
}

// A handle that owns `object` until JavaScript calls its delete().
template <class T>
val to_handle(T object) {
  return val(std::make_unique<T>(std::move(object)));
}

val to_shape(const Graph& graph, const lowbit::Shape& shape) {
  val dims = val::array();
  for (const int64_t dim : shape.dims()) {
    dims.call<void>(
        "push", dim >= 0 ? to_number(dim) : to_text(graph.symbols[static_cast<size_t>(-1 - dim)]));
  }
  return dims;
}

// The parameters on the integer side of the node where `id`, an input or output of the graph,
// becomes or stops being an integer.
const lowbit::QuantParams* quantization_at_border(const Graph& graph, lowbit::ValueId id) {
  for (const lowbit::Node& node : graph.nodes) {
    if (node.op == lowbit::Op::kQuantizeLinear && node.inputs[0] == id) {
      return &*graph.value(node.output).quant;
    }
    if (node.op == lowbit::Op::kDequantizeLinear && node.output == id) {
      return &*graph.value(node.inputs[0]).quant;
    }
  }
  return nullptr;
}

val to_value_infos(const Graph& graph, const std::vector<lowbit::ValueId>& ids) {
  val infos = val::array();
  for (const lowbit::ValueId id : ids) {
    const lowbit::Value& value = graph.value(id);
    val info = val::object();
    info.set("name", to_text(value.name));
    info.set("dtype", to_text(lowbit::dtype_name(value.dtype)));
    info.set("shape", to_shape(graph, value.shape));
    const lowbit::QuantParams* quant = quantization_at_border(graph, id);
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

val to_tensor(const Tensor& tensor) {
  val shape = val::array();
  for (const int64_t dim : tensor.shape().dims()) shape.call<void>("push", to_number(dim));
  val result = val::object();
  result.set("data", to_copy(tensor.data<float>()));
  result.set("shape", shape);
  return result;
}

// ---- from JavaScript
// -------------------------------------------------------------------------------

// `tensors`: {data: Float32Array, shape: number[]}[], whose data and shapes web/lib has matched.
Result<std::vector<Tensor>> read_tensors(const TensorList& tensors) {
  std::vector<Tensor> result;
  const auto count = tensors["length"].as<unsigned>();
  for (unsigned i = 0; i < count; ++i) {
    const std::vector<double> numbers =
        emscripten::convertJSArrayToNumberVector<double>(tensors[i]["shape"]);
    std::vector<int64_t> dims;
    for (const double number : numbers) dims.push_back(static_cast<int64_t>(number));
    LOWBIT_ASSIGN(const lowbit::Shape shape, lowbit::Shape::from_dims(dims));
    LOWBIT_ASSIGN(Tensor tensor, Tensor::allocate(lowbit::DType::kF32, shape));
    const std::span<float> target = tensor.mutable_data<float>();
    val(typed_memory_view(target.size(), target.data())).call<void>("set", tensors[i]["data"]);
    result.push_back(std::move(tensor));
  }
  return result;
}

lowbit::Recipe read_recipe(const CompleteRecipe& recipe) {
  const val weights = recipe["weights"];
  lowbit::Recipe result;
  result.weight_bits = weights["bits"].as<int>();
  result.activation_bits = recipe["activations"]["bits"].as<int>();
  result.weight_granularity = weights["granularity"].as<std::string>() == "tensor"
                                  ? lowbit::Granularity::kPerTensor
                                  : lowbit::Granularity::kPerChannel;
  return result;
}

// ---- models
// ----------------------------------------------------------------------------------------

Result<Model> load_model(const Bytes& bytes, lowbit::Tier tier) {
  LOWBIT_ASSIGN(const std::shared_ptr<lowbit::Buffer> onnx,
                lowbit::Buffer::allocate(bytes["length"].as<unsigned>()));
  auto* target = reinterpret_cast<uint8_t*>(onnx->data());
  val(typed_memory_view(onnx->byte_count(), target)).call<void>("set", bytes);
  return Model::load({onnx->data(), onnx->byte_count()}, tier);
}

ModelOrFailure load(const Bytes& bytes, const TierName& tier) {
  Result<Model> model =
      load_model(bytes, tier.as<std::string>() == "reference" ? lowbit::Tier::kReference
                                                              : lowbit::Tier::kSimd128);
  if (!model) return ModelOrFailure(to_failure(model.error()));
  return ModelOrFailure(to_handle(std::move(*model)));
}

ModelInfo model_info(const Model& model) {
  const Graph& graph = model.graph();
  std::map<std::string_view, int> counts;
  for (const lowbit::Node& node : graph.nodes) ++counts[lowbit::op_info(node.op).name];
  val operators = val::object();
  for (const auto& [name, count] : counts) operators.set(std::string(name), count);
  int64_t parameters = 0;
  for (const lowbit::Value& value : graph.values) {
    if (value.constant) parameters += value.constant->element_count();
  }
  val info = val::object();
  info.set("inputs", to_value_infos(graph, graph.inputs));
  info.set("outputs", to_value_infos(graph, graph.outputs));
  info.set("operators", operators);
  info.set("parameters", to_number(parameters));
  info.set("quantized", graph.is_quantized());
  return ModelInfo(info);
}

Result<std::vector<Tensor>> run_tensors(Model& model, const TensorList& inputs) {
  LOWBIT_ASSIGN(const std::vector<Tensor> tensors, read_tensors(inputs));
  LOWBIT_ASSIGN(std::vector<Tensor> outputs, model.run(tensors));
  for (const Tensor& output : outputs) {
    if (output.dtype() != lowbit::DType::kF32) {
      return make_error(ErrorCode::kTypeMismatch, "only float32 outputs can be returned",
                        "outputs");
    }
  }
  return outputs;
}

TensorsOrFailure run(Model& model, const TensorList& inputs) {
  const Result<std::vector<Tensor>> outputs = run_tensors(model, inputs);
  if (!outputs) return TensorsOrFailure(to_failure(outputs.error()));
  val result = val::array();
  for (const Tensor& output : *outputs) result.call<void>("push", to_tensor(output));
  return TensorsOrFailure(result);
}

BytesOrFailure save(const Model& model) {
  const Result<std::vector<std::byte>> bytes = model.save();
  if (!bytes) return BytesOrFailure(to_failure(bytes.error()));
  return BytesOrFailure(
      to_copy(std::span(reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size())));
}

DoneOrFailure to_done(const lowbit::Status& status) {
  return DoneOrFailure(status ? val::undefined() : to_failure(status.error()));
}

// ---- calibration and quantization
// ------------------------------------------------------------------

struct Calibration {
  Model model;
  lowbit::Calibrator calibrator;
};

CalibrationOrFailure calibrate(const Model& model) {
  Result<lowbit::Calibrator> calibrator = lowbit::Calibrator::create(model.graph(), model.tier());
  if (!calibrator) return CalibrationOrFailure(to_failure(calibrator.error()));
  return CalibrationOrFailure(
      to_handle(Calibration{Model(model.graph(), model.tier()), std::move(*calibrator)}));
}

DoneOrFailure observe(Calibration& calibration, const TensorList& inputs) {
  const Result<std::vector<Tensor>> tensors = read_tensors(inputs);
  if (!tensors) return DoneOrFailure(to_failure(tensors.error()));
  return to_done(calibration.calibrator.observe(*tensors));
}

Result<Model> quantize_observed(const Calibration& calibration, const lowbit::Recipe& recipe) {
  LOWBIT_ASSIGN(const lowbit::Ranges ranges, calibration.calibrator.finish());
  return lowbit::quantize(calibration.model, ranges, recipe);
}

ModelOrFailure quantize(const Calibration& calibration, const CompleteRecipe& recipe) {
  Result<Model> model = quantize_observed(calibration, read_recipe(recipe));
  if (!model) return ModelOrFailure(to_failure(model.error()));
  return ModelOrFailure(to_handle(std::move(*model)));
}

// ---- comparison
// ------------------------------------------------------------------------------------

struct TimedComparison {
  Comparison comparison;
  bool is_timed = false;
};

Result<Comparison> create_comparison(const Model& a, const Model& b) {
  LOWBIT_ASSIGN(const std::vector<std::byte> a_bytes, a.save());
  LOWBIT_ASSIGN(const std::vector<std::byte> b_bytes, b.save());
  return Comparison::create(a.graph(), b.graph(), static_cast<int64_t>(a_bytes.size()),
                            static_cast<int64_t>(b_bytes.size()), a.tier());
}

ComparisonOrFailure compare(const Model& a, const Model& b) {
  Result<Comparison> comparison = create_comparison(a, b);
  if (!comparison) return ComparisonOrFailure(to_failure(comparison.error()));
  return ComparisonOrFailure(to_handle(TimedComparison{std::move(*comparison)}));
}

DoneOrFailure add(TimedComparison& timed, const TensorList& inputs, const Labels& labels) {
  const Result<std::vector<Tensor>> tensors = read_tensors(inputs);
  if (!tensors) return DoneOrFailure(to_failure(tensors.error()));
  return to_done(
      timed.comparison.add(*tensors, emscripten::convertJSArrayToNumberVector<int32_t>(labels)));
}

DoneOrFailure measure_latency(TimedComparison& timed, const TensorList& inputs, int warmup,
                              int runs) {
  const Result<std::vector<Tensor>> tensors = read_tensors(inputs);
  if (!tensors) return DoneOrFailure(to_failure(tensors.error()));
  if (runs > 0) timed.is_timed = true;
  return to_done(timed.comparison.measure_latency(*tensors, warmup, runs));
}

val to_model_report(const lowbit::ModelReport& model, bool is_labelled, bool is_timed) {
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

val to_layer_report(const lowbit::LayerReport& layer) {
  val report = val::object();
  report.set("name", to_text(layer.name));
  report.set("op", to_text(layer.op));
  report.set("output", to_text(layer.output));
  report.set("accumulatedSqnrDb", layer.accumulated_sqnr_db);
  report.set("isolatedSqnrDb", layer.isolated_sqnr_db);
  report.set("aMs", layer.a_ms);
  report.set("bMs", layer.b_ms);
  return report;
}

Report report(const TimedComparison& timed) {
  const lowbit::Report source = timed.comparison.report();
  const bool is_labelled = source.labelled > 0;
  val difference = val::null();
  if (is_labelled) {
    difference = val::object();
    difference.set("difference", source.top1_difference.difference);
    difference.set("low", source.top1_difference.low);
    difference.set("high", source.top1_difference.high);
  }
  val layers = val::array();
  for (const lowbit::LayerReport& layer : source.layers) {
    layers.call<void>("push", to_layer_report(layer));
  }
  val report = val::object();
  report.set("samples", to_number(source.samples));
  report.set("labelled", to_number(source.labelled));
  report.set("agreeing", to_number(source.agreeing));
  report.set("top1Difference", difference);
  report.set("a", to_model_report(source.a, is_labelled, timed.is_timed));
  report.set("b", to_model_report(source.b, is_labelled, timed.is_timed));
  report.set("layers", layers);
  return Report(report);
}

std::string version() { return std::string(lowbit::kVersion); }

}  // namespace

EMSCRIPTEN_BINDINGS(lowbit) {
  using emscripten::class_;
  using emscripten::register_type;

  std::set_new_handler(throw_out_of_memory);

  register_type<Bytes>("Uint8Array");
  register_type<BytesOrFailure>("Uint8Array<ArrayBuffer> | import('./raw.js').Failure");
  register_type<ModelOrFailure>("Model | import('./raw.js').Failure");
  register_type<CalibrationOrFailure>("Calibration | import('./raw.js').Failure");
  register_type<ComparisonOrFailure>("Comparison | import('./raw.js').Failure");
  register_type<DoneOrFailure>("undefined | import('./raw.js').Failure");
  register_type<TensorList>("readonly import('./types.js').Tensor[]");
  register_type<TensorsOrFailure>("import('./types.js').Tensor[] | import('./raw.js').Failure");
  register_type<Labels>("Int32Array");
  register_type<TierName>("import('./types.js').Tier");
  register_type<CompleteRecipe>("import('./raw.js').CompleteRecipe");
  register_type<ModelInfo>("import('./types.js').ModelInfo");
  register_type<Report>("import('./types.js').Report");

  emscripten::function("version", &version);
  emscripten::function("load(bytes, tier)", &load);

  class_<Model>("Model")
      .function("info", &model_info)
      .function("run(inputs)", &run)
      .function("save", &save)
      .function("calibrate", &calibrate)
      .function("compare(other)", &compare);

  class_<Calibration>("Calibration")
      .function("observe(inputs)", &observe)
      .function("quantize(recipe)", &quantize);

  class_<TimedComparison>("Comparison")
      .function("add(inputs, labels)", &add)
      .function("measureLatency(inputs, warmup, runs)", &measure_latency)
      .function("report", &report);
}

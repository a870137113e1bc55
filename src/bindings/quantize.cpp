// The part of Lowbit for JavaScript that is not in run.cpp: all that makes models, measures and
// saves them. Functions of models, and the handles Evaluator, Comparison and Job. The rules are
// those of run.cpp; long work is a Job, whose steps web/lib takes, which is what makes it stoppable
// from outside.
#include <emscripten/bind.h>

#include <memory>

#include "bindings/job.h"
#include "bindings/outcome.h"
#include "bindings/report_values.h"
#include "graph/rewrites.h"

namespace lowbit::bindings {

namespace {

using emscripten::val;

// JavaScript's types, as the generated lowbit.d.ts states them.
EMSCRIPTEN_DECLARE_VAL_TYPE(JsLabels)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsEvaluation)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsReport)
EMSCRIPTEN_DECLARE_VAL_TYPE(DoneOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsSaveOptions)
EMSCRIPTEN_DECLARE_VAL_TYPE(BytesOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(EvaluatorOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(JobOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(ProgressOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsMixedPrecisionOptions)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsDoctorOptions)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsParts)
EMSCRIPTEN_DECLARE_VAL_TYPE(BooleanOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsUnknown)
EMSCRIPTEN_DECLARE_VAL_TYPE(ComparisonOrFailure)

// `options`: types.ts, SaveOptions, with every field.
Result<val> try_save(const Model& model, const JsSaveOptions& options) {
  const auto form = options["form"].as<std::string>();
  SaveOptions choice;
  if (form == "operators") choice.form = SaveForm::kOperators;
  if (form == "float") choice.form = SaveForm::kFloat;
  choice.float16 = options["float16"].as<bool>();
  choice.int4 = options["int4"].as<bool>();
  choice.integers = options["integers"].as<bool>();
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, model.save(choice));
  return to_bytes(bytes);
}

BytesOrFailure save(const Model& model, const JsSaveOptions& options) {
  return BytesOrFailure(to_outcome(try_save(model, options)));
}

Result<val> try_save_c_header(const Model& model) {
  LOWBIT_ASSIGN(const std::string text, model.save_c_header());
  return to_bytes(std::as_bytes(std::span(text)));
}

BytesOrFailure save_c_header(const Model& model) {
  return BytesOrFailure(to_outcome(try_save_c_header(model)));
}

// ---- Calibration and quantization
// ------------------------------------------------------------------

// The first input's samples count. Errors: as read_tensors.
Result<val> try_calibrate(const Model& model, const JsTensors& samples) {
  LOWBIT_ASSIGN(std::vector<Tensor> tensors, read_tensors(samples));
  return to_job(calibrate_in_steps(model.graph(), std::move(tensors)),
                [](const Calibration& calibration) { return to_calibration(calibration); });
}

JobOrFailure calibrate(const Model& model, const JsTensors& samples) {
  return JobOrFailure(to_outcome(try_calibrate(model, samples)));
}

// As to_calibration() made them.
Result<val> try_merge_calibrations(const JsParts& parts) {
  std::vector<std::shared_ptr<Buffer>> files;
  for (const val& part : emscripten::vecFromJSArray<val>(parts)) {
    LOWBIT_ASSIGN(files.emplace_back(), read_bytes(part));
  }
  return to_job(merge_calibrations(std::move(files)),
                [](const Calibration& calibration) { return to_calibration(calibration); });
}

JobOrFailure merge(const JsParts& parts) {
  return JobOrFailure(to_outcome(try_merge_calibrations(parts)));
}

Result<val> try_check_recipe(const Model& model, const std::string& recipe_text) {
  LOWBIT_ASSIGN(const Recipe recipe, read_recipe(recipe_text));
  LOWBIT_ASSIGN(const Graph prepared, prepare(model.graph()));
  LOWBIT_TRY(check_recipe(prepared, recipe));
  return val(needs_samples(recipe));
}

// True where a calibration alone will not do.
BooleanOrFailure check(const Model& model, const std::string& recipe) {
  return BooleanOrFailure(to_outcome(try_check_recipe(model, recipe)));
}

// `calibration`: as to_calibration() made it, read where there are no samples to make it of.
Result<val> try_quantize(const Model& model, const std::string& recipe_text,
                         const JsBytes& calibration_bytes, const JsTensors& samples) {
  LOWBIT_ASSIGN(Recipe recipe, read_recipe(recipe_text));
  LOWBIT_ASSIGN(std::vector<Tensor> tensors, read_tensors(samples));
  std::optional<Calibration> calibration;
  if (tensors.empty()) {
    LOWBIT_ASSIGN(const std::shared_ptr<Buffer> bytes, read_bytes(calibration_bytes));
    LOWBIT_ASSIGN(calibration, load_calibration({bytes->data(), bytes->byte_count()}));
  }
  return to_job(quantize_in_steps(model.graph(), std::move(recipe), std::move(calibration),
                                  std::move(tensors)),
                [tier = model.tier(), tiles = model.tiles()](QuantizedGraph quantized) {
                  val result = val::object();
                  result.set("warnings", to_texts(quantized.warnings));
                  result.set("model",
                             val(std::make_unique<Model>(std::move(quantized.graph), tier, tiles)));
                  return result;
                });
}

JobOrFailure quantize(const Model& model, const std::string& recipe, const JsBytes& calibration,
                      const JsTensors& samples) {
  return JobOrFailure(to_outcome(try_quantize(model, recipe, calibration, samples)));
}

// ---- Scores
// ----------------------------------------------------------------------------------------

IncrementalOptions options_of(const Model& model) {
  return {.tier = model.tier(), .tiles = model.tiles()};
}

// A job shares it, which so outlives its handle.
struct SharedEvaluator {
  std::shared_ptr<Evaluator> evaluator;
};

Result<val> try_evaluator(const Model& model, const JsTensors& inputs, const JsLabels& labels) {
  LOWBIT_ASSIGN(std::vector<Tensor> tensors, read_tensors(inputs));
  return val(std::make_unique<SharedEvaluator>(std::make_shared<Evaluator>(
      std::move(tensors), emscripten::convertJSArrayToNumberVector<int32_t>(labels),
      options_of(model))));
}

EvaluatorOrFailure evaluator(const Model& model, const JsTensors& inputs, const JsLabels& labels) {
  return EvaluatorOrFailure(to_outcome(try_evaluator(model, inputs, labels)));
}

Result<val> try_measure(const SharedEvaluator& shared, const Model& model) {
  LOWBIT_ASSIGN(Graph optimized, optimize(model.graph()));
  return to_job(shared.evaluator->measure(std::move(optimized), true),
                [keep = shared](const Score& score) { return to_score(score); });
}

JobOrFailure measure(const SharedEvaluator& evaluator, const Model& model) {
  return JobOrFailure(to_outcome(try_measure(evaluator, model)));
}

Result<val> try_mix_precision(const Model& model, const std::string& recipe_text,
                              const JsTensors& samples, const JsLabels& labels,
                              const JsMixedPrecisionOptions& options) {
  LOWBIT_ASSIGN(Recipe recipe, read_recipe(recipe_text));
  LOWBIT_ASSIGN(std::vector<Tensor> tensors, read_tensors(samples));
  MixedPrecisionOptions chosen = read_mixed_precision_options(options);
  chosen.evaluation = options_of(model);
  return to_job(
      mix_precision(model.graph(), std::move(recipe), std::move(tensors),
                    emscripten::convertJSArrayToNumberVector<int32_t>(labels), std::move(chosen)),
      [](const MixedPrecision& mixed) { return to_mixed_precision(mixed); });
}

JobOrFailure mix(const Model& model, const std::string& recipe, const JsTensors& samples,
                 const JsLabels& labels, const JsMixedPrecisionOptions& options) {
  return JobOrFailure(to_outcome(try_mix_precision(model, recipe, samples, labels, options)));
}

Result<val> try_diagnose(const Model& model, const std::string& recipe_text,
                         const JsTensors& samples, const JsLabels& labels,
                         const JsDoctorOptions& options) {
  LOWBIT_ASSIGN(Recipe recipe, read_recipe(recipe_text));
  LOWBIT_ASSIGN(std::vector<Tensor> tensors, read_tensors(samples));
  return to_job(lowbit::diagnose(model.graph(), std::move(recipe), std::move(tensors),
                                 emscripten::convertJSArrayToNumberVector<int32_t>(labels),
                                 read_doctor_options(options)),
                [](const Diagnosis& diagnosis) { return to_diagnosis(diagnosis); });
}

JobOrFailure diagnose(const Model& model, const std::string& recipe, const JsTensors& samples,
                      const JsLabels& labels, const JsDoctorOptions& options) {
  return JobOrFailure(to_outcome(try_diagnose(model, recipe, samples, labels, options)));
}

Result<val> try_sensitivity(const Model& fp32, const Model& quantized, const JsTensors& inputs,
                            const JsLabels& labels) {
  LOWBIT_ASSIGN(Graph prepared, prepare(fp32.graph()));
  LOWBIT_ASSIGN(std::vector<Tensor> tensors, read_tensors(inputs));
  return to_job(measure_sensitivity(std::move(prepared), quantized.graph(), std::move(tensors),
                                    emscripten::convertJSArrayToNumberVector<int32_t>(labels),
                                    options_of(fp32)),
                [](const Sensitivity& sensitivity) { return to_sensitivity(sensitivity); });
}

JobOrFailure sensitivity(const Model& fp32, const Model& quantized, const JsTensors& inputs,
                         const JsLabels& labels) {
  return JobOrFailure(to_outcome(try_sensitivity(fp32, quantized, inputs, labels)));
}

// ---- Comparison
// ------------------------------------------------------------------------------------

struct TimedComparison {
  Comparison comparison;
  bool is_timed = false;
};

Result<TimedComparison> try_compare(const Model& a, const Model& b) {
  LOWBIT_ASSIGN(const std::vector<std::byte> a_bytes, a.save());
  LOWBIT_ASSIGN(const std::vector<std::byte> b_bytes, b.save());
  LOWBIT_ASSIGN(Comparison comparison,
                Comparison::create(a.graph(), b.graph(), static_cast<int64_t>(a_bytes.size()),
                                   static_cast<int64_t>(b_bytes.size()), a.tier(), a.tiles()));
  return TimedComparison{std::move(comparison)};
}

ComparisonOrFailure compare(const Model& a, const Model& b) {
  return ComparisonOrFailure(to_handle(try_compare(a, b)));
}

Status try_add(TimedComparison& timed, const JsTensors& inputs, const JsLabels& labels) {
  LOWBIT_ASSIGN(const std::vector<Tensor> tensors, read_tensors(inputs));
  return timed.comparison.add(tensors, emscripten::convertJSArrayToNumberVector<int32_t>(labels));
}

DoneOrFailure add(TimedComparison& timed, const JsTensors& inputs, const JsLabels& labels) {
  return DoneOrFailure(to_outcome(try_add(timed, inputs, labels)));
}

JsEvaluation evaluation(const TimedComparison& timed) {
  return JsEvaluation(to_evaluation(timed.comparison.evaluation()));
}

DoneOrFailure append(TimedComparison& timed, const JsEvaluation& next) {
  return DoneOrFailure(to_outcome(timed.comparison.append(read_evaluation(next))));
}

Status try_measure_latency(TimedComparison& timed, const JsTensors& inputs, int warmup, int runs) {
  LOWBIT_ASSIGN(const std::vector<Tensor> tensors, read_tensors(inputs));
  LOWBIT_TRY(timed.comparison.measure_latency(tensors, warmup, runs));
  timed.is_timed |= runs > 0;
  return success();
}

DoneOrFailure measure_latency(TimedComparison& timed, const JsTensors& inputs, int warmup,
                              int runs) {
  return DoneOrFailure(to_outcome(try_measure_latency(timed, inputs, warmup, runs)));
}

JsReport report(const TimedComparison& timed) {
  return JsReport(to_report(timed.comparison.report(), timed.is_timed));
}

ProgressOrFailure step(Job& job) { return ProgressOrFailure(job.step()); }

JsUnknown result_of(Job& job) { return JsUnknown(job.result()); }

}  // namespace

EMSCRIPTEN_BINDINGS(quantize) {
  using emscripten::class_;
  using emscripten::function;
  using emscripten::register_type;

  register_type<JsLabels>("Int32Array");
  register_type<JsSaveOptions>("import('./raw.js').SaveChoice");
  register_type<JsMixedPrecisionOptions>("import('./raw.js').MixedPrecisionChoice");
  register_type<JsDoctorOptions>("import('./raw.js').DoctorChoice");
  register_type<JsParts>("readonly Uint8Array[]");
  register_type<BooleanOrFailure>("boolean | import('./raw.js').Failure");
  register_type<JsUnknown>("unknown");
  register_type<JsEvaluation>("import('./raw.js').Evaluation");
  register_type<JsReport>("import('./raw.js').RawReport");
  register_type<DoneOrFailure>("undefined | import('./raw.js').Failure");
  register_type<BytesOrFailure>("Uint8Array<ArrayBuffer> | import('./raw.js').Failure");
  register_type<EvaluatorOrFailure>("Evaluator | import('./raw.js').Failure");
  register_type<JobOrFailure>("Job | import('./raw.js').Failure");
  register_type<ProgressOrFailure>(
      "import('./types.js').Progress | null | import('./raw.js').Failure");
  register_type<ComparisonOrFailure>("Comparison | import('./raw.js').Failure");

  function("save(model, options)", &save);
  function("saveCHeader(model)", &save_c_header);
  function("calibrate(model, samples)", &calibrate);
  function("mergeCalibrations(parts)", &merge);
  function("checkRecipe(model, recipe)", &check);
  function("quantize(model, recipe, calibration, samples)", &quantize);
  function("evaluator(model, inputs, labels)", &evaluator);
  function("mixPrecision(model, recipe, samples, labels, options)", &mix);
  function("diagnose(model, recipe, samples, labels, options)", &diagnose);
  function("sensitivity(fp32, quantized, inputs, labels)", &sensitivity);
  function("compare(a, b)", &compare);

  class_<Job>("Job").function("step", &step).function("result", &result_of);

  class_<SharedEvaluator>("Evaluator").function("measure(model)", &measure);

  class_<TimedComparison>("Comparison")
      .function("add(inputs, labels)", &add)
      .function("evaluation", &evaluation)
      .function("append(next)", &append)
      .function("measureLatency(inputs, warmup, runs)", &measure_latency)
      .function("report", &report);
}

}  // namespace lowbit::bindings

// Lowbit for JavaScript, bound by Embind, in two parts. This one loads and runs models: the handle
// Model and the functions load, probeTier, tune and version. The rest is in quantize.cpp, which a
// page downloads when it first needs it (tools/split_wasm.mjs), as all but the common operators
// (graph/common_ops.h); `load` is told whether they are there. web/lib drives both and hides them;
// what is public is documented there (web/lib/src/types.ts).
//
// Every function returns its value or a failure (bindings/values.h); none throws. None works on
// more than one batch: web/lib cuts long work into short calls.
#include <emscripten/bind.h>
#include <emscripten/em_js.h>

#include <new>

#include "bindings/outcome.h"

// Where `new` finds no memory it would abort without a word. A JavaScript exception ends the call
// instead; web/lib knows its message and discards the instance. (Tensors are allocated by other
// means, and return kOutOfMemory.)
EM_JS(void, throw_out_of_memory, (), { throw new Error('OUT_OF_MEMORY'); })

namespace lowbit::bindings {

namespace {

using emscripten::val;

Result<Model> try_load(const JsModelSource& source, const JsTier& tier, const JsTiles& tiles,
                       bool is_complete) {
  LOWBIT_ASSIGN(const std::shared_ptr<Buffer> onnx, read_bytes(source["bytes"]));
  std::vector<std::shared_ptr<Buffer>> files;
  LOWBIT_ASSIGN(ReadOptions options, read_load_options(source, files));
  options.common_ops_only = !is_complete;
  return Model::load({onnx->data(), onnx->byte_count()}, read_tier(tier), read_tiles(tiles),
                     options);
}

ModelOrFailure load(const JsModelSource& source, const JsTier& tier, const JsTiles& tiles,
                    bool is_complete) {
  return ModelOrFailure(to_handle(try_load(source, tier, tiles, is_complete)));
}

JsModelInfo info(const Model& model) { return JsModelInfo(to_model_info(model.graph())); }

// Where they lie, row-major, and what they are: raw.ts, Place[].
val to_places(std::span<const ValueView> values) {
  val places = val::array();
  for (const ValueView& value : values) {
    val shape = val::array();
    for (const int64_t dim : value.shape.dims()) shape.call<void>("push", to_number(dim));
    val place = val::object();
    place.set("address", to_number(reinterpret_cast<uintptr_t>(value.data)));
    place.set("length", to_number(value.element_count()));
    place.set("dtype", to_text(dtype_name(value.dtype)));
    place.set("shape", shape);
    places.call<void>("push", place);
  }
  return places;
}

Result<val> try_plan(Model& model, const JsTensors& inputs) {
  LOWBIT_ASSIGN(std::vector<Shape> shapes, read_shapes(inputs));
  LOWBIT_ASSIGN(const Plan* const plan, model.plan(std::move(shapes)));
  val places = val::object();
  places.set("inputs", to_places(plan->inputs()));
  places.set("outputs", to_places(plan->outputs()));
  return places;
}

// Until the next plan(), the caller writes and reads the places itself: a run is one call.
PlacesOrFailure plan(Model& model, const JsTensors& inputs) {
  return PlacesOrFailure(to_outcome(try_plan(model, inputs)));
}

// Of the last plan().
NothingOrFailure run(Model& model) {
  return NothingOrFailure(to_outcome(model.planned()->run_in_place()));
}

std::string version() { return std::string(kVersion); }

JsTier probe() { return JsTier(val(std::string(tier_name(probe_tier())))); }

JsTiles tune_tiles(const JsTier& tier, int budget_ms) {
  return JsTiles(to_tiles(tune(read_tier(tier), budget_ms)));
}

}  // namespace

EMSCRIPTEN_BINDINGS(run) {
  using emscripten::register_type;

  std::set_new_handler(throw_out_of_memory);

  register_type<JsBytes>("Uint8Array");
  register_type<JsModelSource>("import('./protocol.js').ModelSource");
  register_type<JsTier>("import('./raw.js').KernelTier");
  register_type<JsTiles>("import('./types.js').Tiles");
  register_type<JsTensors>("readonly import('./raw.js').RawTensor[]");
  register_type<JsModelInfo>("import('./types.js').ModelInfo");
  register_type<PlacesOrFailure>("import('./raw.js').Places | import('./raw.js').Failure");
  register_type<NothingOrFailure>("undefined | import('./raw.js').Failure");
  register_type<ModelOrFailure>("Model | import('./raw.js').Failure");

  emscripten::function("version", &version);
  emscripten::function("probeTier", &probe);
  emscripten::function("tune(tier, budgetMs)", &tune_tiles);
  emscripten::function("load(source, tier, tiles, isComplete)", &load);

  emscripten::class_<Model>("Model")
      .function("info", &info)
      .function("plan(inputs)", &plan)
      .function("run", &run);
}

}  // namespace lowbit::bindings

// Files for JavaScript: a look into a model without loading it, and arrays read and written. The
// rules are those of quantize.cpp, but every call is short. The names of properties are those of
// web/lib/src/files.ts.
#include <emscripten/bind.h>

#include "bindings/outcome.h"

namespace lowbit::bindings {

namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(InspectionOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(TensorOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(FileOrFailure)

// ---- Models
// ----------------------------------------------------------------------------------------

val to_shape(const InspectedValue& value) {
  if (!value.shape) return val::null();
  val shape = val::array();
  for (const auto& dim : *value.shape) {
    const int64_t* number = std::get_if<int64_t>(&dim);
    shape.call<void>("push",
                     number != nullptr ? to_number(*number) : to_text(std::get<std::string>(dim)));
  }
  return shape;
}

val to_inspected_values(const std::vector<InspectedValue>& values) {
  val result = val::array();
  for (const InspectedValue& value : values) {
    val item = val::object();
    item.set("name", to_text(value.name));
    item.set("dtype", to_text(value.dtype));
    item.set("shape", to_shape(value));
    result.call<void>("push", item);
  }
  return result;
}

Result<val> try_inspect(const JsBytes& bytes) {
  LOWBIT_ASSIGN(const std::shared_ptr<Buffer> onnx, read_bytes(bytes));
  LOWBIT_ASSIGN(const Inspection source, lowbit::inspect({onnx->data(), onnx->byte_count()}));
  val operators = val::object();
  for (const auto& [name, count] : source.operators) operators.set(to_text(name), to_number(count));
  val unsupported = val::array();
  for (const auto& [name, nodes] : source.unsupported) {
    val item = val::object();
    item.set("op", to_text(name));
    item.set("nodes", to_texts(nodes));
    unsupported.call<void>("push", item);
  }
  val result = val::object();
  result.set("opset", source.opset ? to_number(*source.opset) : val::null());
  result.set("inputs", to_inspected_values(source.inputs));
  result.set("outputs", to_inspected_values(source.outputs));
  result.set("operators", operators);
  result.set("parameters", to_number(source.parameter_count));
  result.set("files", to_texts({source.files.begin(), source.files.end()}));
  result.set("unsupported", unsupported);
  return result;
}

InspectionOrFailure inspect(const JsBytes& bytes) {
  return InspectionOrFailure(to_outcome(try_inspect(bytes)));
}

// ---- Arrays
// ----------------------------------------------------------------------------------------

Result<val> try_read_array(const JsBytes& bytes) {
  LOWBIT_ASSIGN(const std::shared_ptr<Buffer> file, read_bytes(bytes));
  LOWBIT_ASSIGN(const Tensor tensor, read_array({file->data(), file->byte_count()}));
  return to_tensor(tensor);
}

TensorOrFailure read_array_file(const JsBytes& bytes) {
  return TensorOrFailure(to_outcome(try_read_array(bytes)));
}

// `tensors`: one.
Result<val> try_write_array(const JsTensors& tensors) {
  LOWBIT_ASSIGN(const std::vector<Tensor> read, read_tensors(tensors));
  return to_bytes(write_npy(read[0]));
}

FileOrFailure write_array_file(const JsTensors& tensors) {
  return FileOrFailure(to_outcome(try_write_array(tensors)));
}

}  // namespace

EMSCRIPTEN_BINDINGS(files) {
  using emscripten::function;
  using emscripten::register_type;

  register_type<InspectionOrFailure>(
      "import('./files.js').Inspection | import('./raw.js').Failure");
  register_type<TensorOrFailure>("import('./raw.js').RawTensor | import('./raw.js').Failure");
  register_type<FileOrFailure>("Uint8Array<ArrayBuffer> | import('./raw.js').Failure");

  function("inspect(bytes)", &inspect);
  function("readArray(bytes)", &read_array_file);
  function("writeArray(tensors)", &write_array_file);
}

}  // namespace lowbit::bindings

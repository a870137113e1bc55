#include "bindings/values.h"

#include <map>
#include <string>
#include <type_traits>

#include "base/text.h"

namespace lowbit::bindings {

using emscripten::typed_memory_view;
using emscripten::val;

namespace {

// The typed array that holds elements of a type (web/lib/src/types.ts, TensorData).
const char* array_name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "Float32Array";
    case DType::kI8:
      return "Int8Array";
    case DType::kI32:
      return "Int32Array";
    case DType::kI64:
      return "BigInt64Array";
    case DType::kU8:
    case DType::kBool:
      break;
  }
  return "Uint8Array";
}

// The bytes of a typed array.
val bytes_of(const val& array) {
  return val::global("Uint8Array").new_(array["buffer"], array["byteOffset"], array["byteLength"]);
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
    const bool enters = node.op == Op::kQuantizeLinear && node.inputs[0] == id;
    const bool leaves = node.op == Op::kDequantizeLinear && node.output == id;
    if (!enters && !leaves) continue;
    const auto& quant = graph.value(enters ? node.output : node.inputs[0]).quant;
    if (quant) return &*quant;
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

// `target` has the elements' type and number.
void copy_data(const val& tensor, DType dtype, std::span<std::byte> target) {
  const val data = tensor["data"];
  if (dtype == DType::kF32) {
    auto* const reals = reinterpret_cast<float*>(target.data());
    val(typed_memory_view(target.size() / sizeof(float), reals)).call<void>("set", data);
    return;
  }
  read_into(target, bytes_of(data));
  if (dtype != DType::kBool) return;
  for (std::byte& truth : target) truth = std::byte{truth != std::byte{}};
}

DType dtype_of_tensor(const val& tensor) {
  const val name = tensor["dtype"];
  if (name.isUndefined()) return DType::kF32;
  return find_dtype(name.as<std::string>()).value_or(DType::kF32);
}

}  // namespace

val to_text(std::string_view text) { return val::u8string(std::string(text).c_str()); }

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

val to_tensor(const Tensor& tensor) {
  val shape = val::array();
  for (const int64_t dim : tensor.shape().dims()) shape.call<void>("push", to_number(dim));
  const val bytes = to_bytes({tensor.raw(), tensor.byte_count()});
  val result = val::object();
  result.set("data", val::global(array_name(tensor.dtype())).new_(bytes["buffer"]));
  result.set("shape", shape);
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
  val metadata = val::object();
  for (const auto& [key, text] : graph.metadata.properties) {
    metadata.set(to_text(key), to_text(text));
  }
  info.set("metadata", metadata);
  return info;
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
    const DType dtype = dtype_of_tensor(tensors[i]);
    LOWBIT_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shapes[i]));
    copy_data(tensors[i], dtype, {tensor.mutable_raw(), tensor.byte_count()});
    result.push_back(std::move(tensor));
  }
  return result;
}

Result<ReadOptions> read_load_options(const val& source,
                                      std::vector<std::shared_ptr<Buffer>>& kept) {
  ReadOptions options;
  const val constants = source["constants"];
  val tensors = val::array();
  for (unsigned i = 0; i < constants["length"].as<unsigned>(); ++i) {
    tensors.call<void>("push", constants[i]["tensor"]);
  }
  LOWBIT_ASSIGN(const std::vector<Tensor> read, read_tensors(tensors));
  for (unsigned i = 0; i < read.size(); ++i) {
    options.constants.emplace(constants[i]["name"].as<std::string>(), read[i]);
  }
  const val dimensions = source["dimensions"];
  for (unsigned i = 0; i < dimensions["length"].as<unsigned>(); ++i) {
    options.dimensions.emplace(dimensions[i]["name"].as<std::string>(),
                               static_cast<int64_t>(dimensions[i]["size"].as<double>()));
  }
  const val files = source["files"];
  for (unsigned i = 0; i < files["length"].as<unsigned>(); ++i) {
    LOWBIT_ASSIGN(const std::shared_ptr<Buffer> file, read_bytes(files[i]["bytes"]));
    kept.push_back(file);
    options.files.emplace(files[i]["name"].as<std::string>(),
                          std::span<const std::byte>(file->data(), file->byte_count()));
  }
  return options;
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

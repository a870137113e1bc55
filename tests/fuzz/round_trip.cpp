// A model that read_onnx() takes and quantize() turns into integers is written, read again, and
// computes the same.
#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "fuzz/fuzz.h"
#include "graph/rewrites.h"
#include "quantize/pipeline.h"
#include "quantize/recipe_json.h"

using namespace lowbit;

namespace {

// Chosen by the size of the file, so that the file is all that an input holds.
constexpr const char* kRecipes[] = {
    R"({})",
    R"({"weights": {"granularity": "tensor"}, "activations": {"observer": "percentile"}})",
    R"({"weights": {"bits": 4, "granularity": "group:32"}})",
    R"({"weights": {"bits": 3, "clipping": "mse"}, "activations": {"bits": 5, "symmetric": true}})",
    R"({"activations": {"bits": "float"}})",
    R"({"equalize": true, "correctBias": true, "activations": {"observer": "entropy"}})",
};

std::optional<std::vector<Tensor>> run(const Graph& graph, std::span<const Tensor> inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  const Result<Graph> optimized = optimize(graph);
  if (!fuzz::succeeded(optimized)) return std::nullopt;
  Result<Plan> plan = make_plan(*optimized, shapes, {});
  if (!fuzz::succeeded(plan)) return std::nullopt;
  return test::must(plan->run(inputs));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Result<Graph> graph = read_onnx(std::as_bytes(std::span(data, size)));
  if (!fuzz::succeeded(graph)) return 0;
  const auto shapes = fuzz::small_shapes(*graph);
  if (!shapes) return 0;
  const std::vector<Tensor> inputs = fuzz::some_inputs(*graph, *shapes);
  if (!graph->is_quantized()) {
    const Recipe recipe = test::must(read_recipe(kRecipes[size % std::size(kRecipes)]));
    auto quantized = finish(quantize_in_steps(*graph, recipe, std::nullopt, inputs), {});
    if (!fuzz::succeeded(quantized)) return 0;
    graph = std::move(quantized->graph);
  }
  const Result<std::vector<std::byte>> bytes = write_onnx(*graph);
  if (!fuzz::succeeded(bytes)) return 0;
  const Result<Graph> again = read_onnx(*bytes);
  if (!again) std::fprintf(stderr, "%s\n", again.error().message.c_str());
  fuzz::require(again.ok(), "what was written is read");
  const auto expected = run(*graph, inputs);
  const auto actual = run(*again, inputs);
  fuzz::require(expected.has_value() == actual.has_value(), "both run or neither");
  if (expected) fuzz::require(fuzz::same_bytes(*expected, *actual), "both compute the same");
  return 0;
}

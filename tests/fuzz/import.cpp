// Any bytes: read_onnx() refuses them, or the graph is planned and runs.
#include "formats/onnx_reader.h"

#include "fuzz/fuzz.h"
#include "graph/rewrites.h"

using namespace lowbit;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Graph> graph = read_onnx(std::as_bytes(std::span(data, size)));
  if (!fuzz::succeeded(graph)) return 0;
  const Result<Graph> optimized = optimize(*graph);
  if (!fuzz::succeeded(optimized)) return 0;
  const auto shapes = fuzz::small_shapes(*optimized);
  if (!shapes) return 0;
  Result<Plan> plan = make_plan(*optimized, *shapes, {});
  if (!fuzz::succeeded(plan)) return 0;
  const Result<std::vector<Tensor>> outputs = plan->run(fuzz::some_inputs(*optimized, *shapes));
  fuzz::require(outputs.ok(), "a planned graph runs");
  fuzz::require(outputs->size() == graph->outputs.size(), "a run gives all outputs");
  return 0;
}

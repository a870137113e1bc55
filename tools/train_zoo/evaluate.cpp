#include "evaluate.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "compare/metrics.h"
#include "engine/engine.h"
#include "graph/rewrites.h"

namespace lowbit::zoo {

namespace {

constexpr int64_t kMaxBatch = 200;

}  // namespace

Result<int64_t> count_correct(const Graph& graph, const Dataset& dataset) {
  const auto total = std::ssize(dataset.labels);
  Shape shape = dataset.images.shape();
  shape[0] = std::gcd(total, kMaxBatch);
  LOWBIT_ASSIGN(const Graph optimized, optimize(graph));
  LOWBIT_ASSIGN(Plan plan, make_plan(optimized, {&shape, 1}, {}));
  LOWBIT_ASSIGN(Tensor images, Tensor::allocate(DType::kF32, shape));
  std::vector<int32_t> labels(static_cast<size_t>(shape[0]));
  std::vector<int32_t> samples(labels.size());
  Random unused(0);
  int64_t correct = 0;
  for (int64_t first = 0; first < total; first += shape[0]) {
    std::iota(samples.begin(), samples.end(), static_cast<int32_t>(first));
    fill_batch(dataset, samples, {}, unused, images.mutable_data<float>(), labels);
    LOWBIT_ASSIGN(const std::vector<Tensor> outputs, plan.run({&images, 1}));
    const std::span<const float> logits = outputs.front().data<float>();
    const size_t classes = logits.size() / labels.size();
    for (size_t i = 0; i < labels.size(); ++i) {
      if (argmax(logits.subspan(i * classes, classes)) == labels[i]) ++correct;
    }
  }
  return correct;
}

}  // namespace lowbit::zoo

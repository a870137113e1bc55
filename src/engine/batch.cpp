#include "engine/batch.h"

#include "tensor/samples.h"

namespace lowbit {

namespace {

// On most networks and machines well below 100 ms.
constexpr int64_t kRunElements = 8192;

}  // namespace

int64_t batch_for(const Graph& graph, std::span<const Tensor> samples) {
  if (!graph.inputs.empty()) {
    const Shape& shape = graph.value(graph.inputs[0]).shape;
    if (shape.rank() > 0 && shape[0] > 0) return shape[0];
  }
  int64_t elements = 0;  // of one sample
  for (const Tensor& tensor : samples) {
    if (tensor.shape().rank() > 0 && tensor.shape()[0] > 0) {
      elements += tensor.element_count() / tensor.shape()[0];
    }
  }
  int64_t batch = 1;
  while (batch < kDefaultBatch && 2 * batch * elements <= kRunElements) batch *= 2;
  return batch;
}

}  // namespace lowbit

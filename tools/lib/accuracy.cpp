#include "accuracy.h"

#include <cstdio>

#include "compare/metrics.h"

namespace lowbit {

namespace {

constexpr int64_t kBatch = 100;

}  // namespace

Status print_accuracy(const char* name, Model& model, const Tensor& images,
                      std::span<const int32_t> labels) {
  const int64_t samples = images.shape()[0];
  int64_t correct = 0;
  for (int64_t first = 0; first < samples; first += kBatch) {
    LOWBIT_ASSIGN(const std::vector<Tensor> batch,
                  slice_samples({&images, 1}, first, std::min(kBatch, samples - first)));
    LOWBIT_ASSIGN(const std::vector<Tensor> outputs, model.run(batch));
    const int64_t rows = outputs[0].shape()[0];
    const auto classes = static_cast<size_t>(outputs[0].element_count() / rows);
    for (int64_t i = 0; i < rows; ++i) {
      const auto row = outputs[0].data<float>().subspan(static_cast<size_t>(i) * classes, classes);
      if (argmax(row) == labels[static_cast<size_t>(first + i)]) ++correct;
    }
  }
  std::printf("%-24s %6.2f %%\n", name,
              100.0 * static_cast<double>(correct) / static_cast<double>(samples));
  return success();
}

}  // namespace lowbit

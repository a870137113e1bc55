// What observers are for: gives a classifier of images rare, large activations (add_outliers.h),
// quantizes them to a few bits with each observer, and says how many images each gets right.
//
//   outliers MODEL.onnx CALIBRATION.idx3 IMAGES.idx3 LABELS.idx1 [CHANGED.onnx]
#include <cstdio>

#include "add_outliers.h"
#include "api/lowbit.h"
#include "compare/predictions.h"
#include "formats/onnx_writer.h"
#include "images.h"

namespace lowbit {

namespace {

constexpr int kBits = 6;  // of activations; weights have 8
constexpr int64_t kBatch = 100;

struct Named {
  const char* name;
  Observer observer;
};
constexpr Named kObservers[] = {{"minmax", Observer::kMinMax},
                                {"moving-average", Observer::kMovingAverage},
                                {"percentile", Observer::kPercentile},
                                {"mse", Observer::kMse},
                                {"entropy", Observer::kEntropy}};

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

Status run(std::span<char*> arguments) {
  LOWBIT_ASSIGN(const std::vector<std::byte> onnx, read_file(arguments[0]));
  LOWBIT_ASSIGN(const Tensor samples, read_images(arguments[1]));
  LOWBIT_ASSIGN(const Tensor images, read_images(arguments[2]));
  LOWBIT_ASSIGN(const std::vector<int32_t> labels, read_labels(arguments[3]));
  LOWBIT_ASSIGN(Model original, Model::load(onnx));
  LOWBIT_TRY(print_accuracy("FP32", original, images, labels));
  LOWBIT_ASSIGN(Graph graph, add_outliers(original.graph(), samples));
  Model changed(std::move(graph));
  LOWBIT_TRY(print_accuracy("FP32, with outliers", changed, images, labels));
  LOWBIT_ASSIGN(const Calibration calibration, calibrate(changed, {&samples, 1}));
  for (const auto& [name, observer] : kObservers) {
    Recipe recipe;
    recipe.activations.bits = kBits;
    recipe.activations.observer = observer;
    LOWBIT_ASSIGN(Model quantized, quantize(changed, calibration, recipe));
    LOWBIT_TRY(print_accuracy(name, quantized, images, labels));
  }
  if (arguments.size() == 4) return success();
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, changed.save());
  return write_file(arguments[4], bytes);
}

}  // namespace

}  // namespace lowbit

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) {
    std::fputs("usage: outliers MODEL CALIBRATION IMAGES LABELS [CHANGED]\n", stderr);
    return 2;
  }
  return lowbit::exit_code(lowbit::run({argv + 1, static_cast<size_t>(argc - 1)}));
}

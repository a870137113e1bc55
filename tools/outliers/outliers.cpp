// What observers are for: gives a classifier of images rare, large activations (add_outliers.h),
// quantizes them to a few bits with each observer, and says how many images each gets right.
//
//   outliers MODEL.onnx CALIBRATION.idx3 IMAGES.idx3 LABELS.idx1 [CHANGED.onnx]
#include <cstdio>

#include "accuracy.h"
#include "add_outliers.h"
#include "images.h"

namespace lowbit {

namespace {

constexpr int kBits = 6;  // of activations; weights have 8

struct Named {
  const char* name;
  Observer observer;
};
constexpr Named kObservers[] = {{"minmax", Observer::kMinMax},
                                {"moving-average", Observer::kMovingAverage},
                                {"percentile", Observer::kPercentile},
                                {"mse", Observer::kMse},
                                {"entropy", Observer::kEntropy}};

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

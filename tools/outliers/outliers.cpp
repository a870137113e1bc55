// What observers are for: gives a classifier of images rare, large activations (add_outliers.h),
// quantizes them to a few bits with each observer, and says how many images each gets right.
//
//   outliers MODEL.onnx CALIBRATION.idx3 IMAGES.idx3 LABELS.idx1 [CHANGED.onnx]
#include "add_outliers.h"
#include "experiment.h"

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

Result<Model> run(Experiment& experiment) {
  const Tensor& samples = experiment.samples;
  LOWBIT_ASSIGN(Graph graph, add_outliers(experiment.original.graph(), samples));
  Model changed(std::move(graph));
  LOWBIT_TRY(experiment.print_accuracy("FP32, with outliers", changed));
  LOWBIT_ASSIGN(const Calibration calibration, calibrate(changed, {&samples, 1}));
  for (const auto& [name, observer] : kObservers) {
    Recipe recipe;
    recipe.activations.bits = kBits;
    recipe.activations.observer = observer;
    LOWBIT_ASSIGN(Model quantized, quantize(changed, calibration, recipe));
    LOWBIT_TRY(experiment.print_accuracy(name, quantized));
  }
  return changed;
}

}  // namespace

}  // namespace lowbit

int main(int argc, char** argv) { return lowbit::run_experiment(argc, argv, lowbit::run); }

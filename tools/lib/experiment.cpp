#include "experiment.h"

#include <cstdio>

#include "compare/predictions.h"
#include "images.h"

namespace lowbit {

namespace {

constexpr int64_t kBatch = 100;

Status run_on_files(std::span<char*> arguments, Result<Model> (*run)(Experiment& experiment)) {
  LOWBIT_ASSIGN(const std::vector<std::byte> onnx, read_file(arguments[0]));
  LOWBIT_ASSIGN(Model original, Model::load(onnx));
  LOWBIT_ASSIGN(Tensor samples, read_images(arguments[1]));
  LOWBIT_ASSIGN(Tensor images, read_images(arguments[2]));
  LOWBIT_ASSIGN(std::vector<int32_t> labels, read_labels(arguments[3]));
  Experiment experiment{std::move(original), std::move(samples), std::move(images),
                        std::move(labels)};
  LOWBIT_TRY(experiment.print_accuracy("FP32", experiment.original));
  LOWBIT_ASSIGN(const Model changed, run(experiment));
  if (arguments.size() == 4) return success();
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, changed.save());
  return write_file(arguments[4], bytes);
}

}  // namespace

Status Experiment::print_accuracy(const char* name, Model& model) const {
  const int64_t count = images.shape()[0];
  int64_t correct = 0;
  for (int64_t first = 0; first < count; first += kBatch) {
    LOWBIT_ASSIGN(const std::vector<Tensor> batch,
                  slice_samples({&images, 1}, first, std::min(kBatch, count - first)));
    LOWBIT_ASSIGN(const std::vector<Tensor> outputs, model.run(batch));
    LOWBIT_ASSIGN(const Predictions predictions, predict(outputs, "model"));
    for (size_t i = 0; i < predictions.classes.size(); ++i) {
      correct += predictions.classes[i] == labels[static_cast<size_t>(first) + i];
    }
  }
  std::printf("%-24s %6.2f %%\n", name,
              100.0 * static_cast<double>(correct) / static_cast<double>(count));
  return success();
}

int run_experiment(int argc, char** argv, Result<Model> (*run)(Experiment& experiment)) {
  if (argc < 5 || argc > 6) {
    std::fputs("usage: MODEL CALIBRATION IMAGES LABELS [CHANGED]\n", stderr);
    return 2;
  }
  return exit_code(run_on_files({argv + 1, static_cast<size_t>(argc - 1)}, run));
}

}  // namespace lowbit

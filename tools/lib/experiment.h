// What the native tools that change a model to show an effect have in common: the files that they
// read, the accuracies that they print, and the changed model that they write.
#pragma once

#include "api/lowbit.h"

namespace lowbit {

struct Experiment {
  Model original;
  Tensor samples;  // for calibration
  Tensor images;
  std::vector<int32_t> labels;

  // Prints a line with the name and the share of `images` that the model puts into the class of
  // their label. Errors: as Model::run and predict.
  Status print_accuracy(const char* name, Model& model) const;
};

// A tool's main(): MODEL.onnx CALIBRATION.idx3 IMAGES.idx3 LABELS.idx1 [CHANGED.onnx]. Prints the
// accuracy of the model as it is, calls `run`, and writes the changed model that it returns.
int run_experiment(int argc, char** argv, Result<Model> (*run)(Experiment& experiment));

}  // namespace lowbit

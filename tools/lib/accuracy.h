// How many images a classifier gets right, as the native tools print it.
#pragma once

#include "api/lowbit.h"

namespace lowbit {

// Prints a line with the name and the share of `images` that the model puts into the class of their
// label. Errors: as Model::run.
Status print_accuracy(const char* name, Model& model, const Tensor& images,
                      std::span<const int32_t> labels);

}  // namespace lowbit

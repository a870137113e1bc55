// Images with labels, and batches of them: shuffled, converted to float32 and augmented, all from
// one seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "tensor/tensor.h"

namespace lowbit {

struct Dataset {
  Tensor images;  // [samples, channels, height, width], uint8 (read as pixel / 255) or float32
  std::vector<int32_t> labels;  // one per sample
};

// Errors: kShapeMismatch, kTypeMismatch, kInvalidArgument (no samples).
Status validate_dataset(const Dataset& dataset);

// Random changes that leave the label true. What a shift uncovers is 0.
struct Augmentation {
  int max_shift = 0;   // up to so many pixels, each way along both axes
  bool flips = false;  // left to right, half of the time
};

// The samples' order of one epoch (Fisher and Yates; Durstenfeld 1964).
void shuffle(std::span<int32_t> order, Random& random);

// Writes the chosen samples, augmented, to images [samples.size(), channels, height, width],
// float32, and their labels.
void fill_batch(const Dataset& dataset, std::span<const int32_t> samples,
                const Augmentation& augmentation, Random& random, std::span<float> images,
                std::span<int32_t> labels);

}  // namespace lowbit

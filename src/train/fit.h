// Training over a data set: epochs of shuffled, augmented batches under a learning-rate schedule.
#pragma once

#include <vector>

#include "base/context.h"
#include "train/dataset.h"
#include "train/schedule.h"
#include "train/trainer.h"

namespace lowbit {

struct FitOptions {
  int epochs = 10;
  int batch_size = 64;
  Schedule schedule{};
  Augmentation augmentation{};
  uint64_t seed = 1;  // of shuffling and augmentation
};

struct EpochResult {
  double loss = 0;      // mean over the epoch's batches, as they were trained
  double accuracy = 0;  // likewise, of the augmented images
};

// Calls `trainer.step()` for every batch; samples that do not fill a batch at the end of an epoch
// wait for the next. Progress is reported as "train" after every batch. Errors: kInvalidArgument
// (options; `where` names the field), as validate_dataset and Trainer::step, kAborted. After any
// error trainer.graph() is the model as far as it was trained.
Result<std::vector<EpochResult>> fit(Trainer& trainer, const Dataset& dataset,
                                     const FitOptions& options, const Context& context = {});

}  // namespace lowbit

#include "train/fit.h"

#include <cmath>
#include <numeric>

namespace lowbit {

namespace {

Status require(bool holds, const char* rule, const char* field) {
  if (holds) return success();
  return make_error(ErrorCode::kInvalidArgument, rule, field);
}

Status validate_options(const FitOptions& options, const Dataset& dataset) {
  LOWBIT_TRY(require(options.epochs >= 1, "must be at least 1", "epochs"));
  LOWBIT_TRY(require(options.batch_size >= 1 && options.batch_size <= std::ssize(dataset.labels),
                     "must be at least 1 and at most the number of samples", "batch_size"));
  LOWBIT_TRY(require(options.augmentation.max_shift >= 0 &&
                         options.augmentation.max_shift < dataset.images.shape()[2] &&
                         options.augmentation.max_shift < dataset.images.shape()[3],
                     "must be at least 0 and less than the image", "max_shift"));
  LOWBIT_TRY(require(options.schedule.warm_up >= 0.0f && options.schedule.warm_up < 1.0f,
                     "must be in [0, 1)", "warm_up"));
  return require(options.schedule.peak_rate > 0.0f && std::isfinite(options.schedule.peak_rate),
                 "must be positive and finite", "peak_rate");
}

}  // namespace

Result<std::vector<EpochResult>> fit(Trainer& trainer, const Dataset& dataset,
                                     const FitOptions& options, const Context& context) {
  LOWBIT_TRY(validate_dataset(dataset));
  LOWBIT_TRY(validate_options(options, dataset));
  const auto batch_size = static_cast<size_t>(options.batch_size);
  const size_t batches = dataset.labels.size() / batch_size;
  const auto step_count = static_cast<int64_t>(batches) * options.epochs;

  Shape shape = dataset.images.shape();
  shape[0] = options.batch_size;
  LOWBIT_ASSIGN(Tensor images, Tensor::allocate(DType::kF32, shape));
  std::vector<int32_t> labels(batch_size);
  std::vector<int32_t> order(dataset.labels.size());
  std::iota(order.begin(), order.end(), 0);

  Random random(options.seed);
  std::vector<EpochResult> epochs;
  int64_t step = 0;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    shuffle(order, random);
    EpochResult sum;
    for (size_t batch = 0; batch < batches; ++batch) {
      fill_batch(dataset, std::span(order).subspan(batch * batch_size, batch_size),
                 options.augmentation, random, images.mutable_data<float>(), labels);
      LOWBIT_ASSIGN(
          const StepResult result,
          trainer.step(images, labels, learning_rate(options.schedule, step, step_count)));
      sum.loss += result.loss;
      sum.accuracy += static_cast<double>(result.correct);
      ++step;
      LOWBIT_TRY(
          context.report("train", static_cast<double>(step) / static_cast<double>(step_count)));
    }
    epochs.push_back({.loss = sum.loss / static_cast<double>(batches),
                      .accuracy = sum.accuracy / static_cast<double>(batches * batch_size)});
  }
  return epochs;
}

}  // namespace lowbit

#include "train/gradients/dropout.h"

#include "base/random.h"

namespace lowbit::gradient {

void Dropout::forward(const ValueView& x, const ValueView& y, uint64_t seed) {
  seed_ = seed;
  apply_mask(x.as<float>().data(), x.element_count(), y.as<float>().data());
}

void Dropout::run(const Io& io) {
  apply_mask(io.output_gradient, io.output.element_count(), io.input_gradients[0]);
}

void Dropout::apply_mask(const float* x, int64_t count, float* y) const {
  Random random(seed_);
  const float kept = 1.0f / (1.0f - rate_);
  for (int64_t i = 0; i < count; ++i) y[i] = random.uniform() < rate_ ? 0.0f : x[i] * kept;
}

}  // namespace lowbit::gradient

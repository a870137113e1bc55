// Inverted dropout (Srivastava et al. 2014): y = x * mask, with mask 0 at `rate` of the elements
// and 1 / (1 - rate) elsewhere. The mask is made anew from its seed wherever it is needed, so
// nothing is kept: dX = dY * mask.
#pragma once

#include "train/gradients/gradient.h"

namespace lowbit::gradient {

class Dropout final : public Gradient {
 public:
  // rate in [0, 1).
  explicit Dropout(float rate) : rate_(rate) {}

  // Draws the mask of this step and of its run().
  void forward(const ValueView& x, const ValueView& y, uint64_t seed);
  void run(const Io& io) override;

 private:
  void apply_mask(const float* x, int64_t count, float* y) const;

  float rate_;
  uint64_t seed_ = 0;
};

}  // namespace lowbit::gradient

// AdaRound (Nagel et al. 2020, sections 3.2 to 3.4): whether each weight is rounded up or down is
// relaxed to a number h in [0, 1], which a regularizer then draws to 0 or 1.
//
//   w^ = scale * (clamp(floor(w / scale), qmin, qmax - 1) + h(V))
//   h(V) = clamp(1.2 sigmoid(V) - 0.1, 0, 1)
//   minimize over V    loss(w^) / D + regularization * sum 1 - |2 h(V) - 1|^beta
//
// V starts where w^ = w. The paper takes the loss from a batch of rows at each step; here it and
// its gradient 2 (w^ H - t) are those of all rows at once, from H. D, of each column, is sum_k
// scale_k^2 H[k, k] / depth, the squared error of one whole step of one weight; it makes one set of
// options fit all layers.
#pragma once

#include <memory>

#include "base/task.h"
#include "quantize/rounding_problem.h"
#include "tensor/tensor.h"

namespace lowbit {

// Chosen on the layers of the example models at 3 and 4 bits: 3,000 iterations lower the loss by 2
// % at most, a tenth of the regularization raises it.
struct AdaroundOptions {
  int32_t iterations = 500;
  float rate = 0.1f;  // of Adam
  float regularization = 1.0f;
  float warm_up = 0.2f;  // the fraction of the iterations that comes first, without regularizer
  // Then beta falls from the first to the last, in whole steps: so its powers are products, the
  // same on every machine.
  int32_t first_beta = 20;
  int32_t last_beta = 2;
};

// The integers [columns][depth]; no column has more loss than rounded to nearest. `problem`'s spans
// must outlive the task. It runs on the simd128 kernels in every tier, so that a file made with it
// does not depend on the machine. Errors: kOutOfMemory.
Task<std::vector<int8_t>> adaround(RoundingProblem problem, AdaroundOptions options = {});

// H, packed for the product w^ H. Errors: kOutOfMemory.
Result<std::shared_ptr<Buffer>> pack_gram(const RoundingProblem& problem);

// The relaxed problem, and Adam's way through it.
class SoftRounding {
 public:
  // `packed_gram` from pack_gram(); it must outlive this.
  SoftRounding(const RoundingProblem& problem, const Buffer& packed_gram);

  // V of weight i of [columns][depth].
  float& variable(size_t i) { return weights_[i].v; }
  // Of the minimized sum by V, [columns][depth]; valid until the next call.
  std::span<const float> gradient(float regularization, int32_t beta);
  // One step of Adam (Kingma and Ba 2015) against gradient().
  void step(float rate, float regularization, int32_t beta);
  // Up where h(V) >= 1/2: into `q` [columns][depth].
  void round(std::span<int8_t> q) const;

 private:
  struct Weight {
    float v = 0;
    float h = 0;
    float slope = 0;  // h'(V)
    float scale = 0;
    float floor_error = 0;  // w^ - w where h = 0
    float gain = 0;         // of the loss: 2 scale / D
    float residual = 0;
    float first_moment = 0;
    float second_moment = 0;
    int8_t floor = 0;
  };

  RoundingProblem problem_;
  const Buffer& packed_gram_;
  std::vector<int32_t> words_;  // of the kernel
  std::vector<Weight> weights_;
  std::vector<float> error_;  // w^ - w, and what the kernel may read behind it
  std::vector<float> gradient_;
  double decay1_ = 1;  // beta1^t of Adam after t steps
  double decay2_ = 1;
};

}  // namespace lowbit

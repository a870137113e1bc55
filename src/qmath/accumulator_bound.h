// What the int32 accumulator of one output channel can hold (the law of arithmetic, 4):
//
//   acc = bias + sum_k (q_k - Z) * w_k,   qmin <= q_k <= qmax
//
// Each q_k is at whichever end its weight's sign asks for, so with P and N, the sums of the
// positive and of the negative weights,
//
//   low  = bias + (qmin - Z) * P + (qmax - Z) * N
//   high = bias + (qmax - Z) * P + (qmin - Z) * N
//
// Both are reached by some input. Where 0 is one of the q, every partial sum is between them too,
// in any order of addition, whether Z is folded into the bias or subtracted from each q.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "qmath/quant_params.h"

namespace lowbit {

class AccumulatorBound {
 public:
  AccumulatorBound(int32_t bias, IntegerRange input, int32_t zero_point)
      : bias_(bias), below_(input.min - zero_point), above_(input.max - zero_point) {}

  void add(int32_t weight) { (weight > 0 ? positive_ : negative_) += weight; }

  int64_t low() const { return bias_ + below_ * positive_ + above_ * negative_; }
  int64_t high() const { return bias_ + above_ * positive_ + below_ * negative_; }

  // Of its absolute value.
  int64_t largest() const { return std::max(-low(), high()); }

  bool fits_int32() const {
    return high() <= std::numeric_limits<int32_t>::max() &&
           low() >= std::numeric_limits<int32_t>::min();
  }

 private:
  int64_t bias_;
  int64_t below_;
  int64_t above_;
  int64_t positive_ = 0;
  int64_t negative_ = 0;
};

}  // namespace lowbit

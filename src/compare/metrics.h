// Measures of two models' outputs. Rows of logits are [samples, classes].
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace lowbit {

// Index of the largest logit of a row; the first among equals. NaN never wins.
int32_t argmax(std::span<const float> row);

// Signal-to-quantization-noise ratio in dB: 10 log10(sum r^2 / sum (r - q)^2), accumulated over
// calls.
class SqnrAccumulator {
 public:
  void add(std::span<const float> reference, std::span<const float> approximation);
  void add(const SqnrAccumulator& other);
  // +infinity for equal signals; -infinity for an all-zero reference with an error; 0 dB without
  // data.
  double db() const;

 private:
  double signal_ = 0;
  double noise_ = 0;
};

// Difference of two paired proportions, accuracy(b) - accuracy(a), on the same samples, with its 95
// % confidence interval (Newcombe, "Improved confidence intervals for the difference between
// binomial proportions based on paired data", 1998, method 10).
struct PairedDifference {
  double difference = 0;
  double low = 0;
  double high = 0;
};
PairedDifference paired_difference(int64_t both_right, int64_t only_a_right, int64_t only_b_right,
                                   int64_t both_wrong);

struct Percentiles {
  double p10 = 0;
  double median = 0;
  double p90 = 0;
};
// Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). `samples` may be
// in any order, not empty.
Percentiles percentiles(std::span<const double> samples);

}  // namespace lowbit

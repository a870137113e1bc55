// Measures of two models' outputs. Rows of logits are [samples, classes].
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace lowbit {

// Index of the largest logit of a row; the first among equals. NaN never wins.
int32_t argmax(std::span<const float> row);

// How far an approximation q is from its reference r, over the elements of all calls. Without any,
// every measure is 0.
class ErrorAccumulator {
 public:
  // As many elements in both.
  void add(std::span<const float> reference, std::span<const float> approximation);
  void add(const ErrorAccumulator& other);

  // Signal-to-quantization-noise ratio in dB, 10 log10(sum r^2 / sum (r - q)^2): +infinity for
  // equal signals, -infinity for an all-zero reference with an error.
  double sqnr_db() const;
  // sum r q / sqrt(sum r^2 sum q^2), from -1 to 1: 1 for equal signals, all-zero ones too; 0 where
  // only one of them is all zero.
  double cosine() const;
  // Mean squared error, sum (r - q)^2 / count.
  double mse() const;

 private:
  void add_element(double r, double q);

  int64_t count_ = 0;
  double reference_power_ = 0;      // sum r^2
  double approximation_power_ = 0;  // sum q^2
  double product_ = 0;              // sum r q
  double noise_power_ = 0;          // sum (r - q)^2
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

// What calibration keeps of one value: its extremes, a moving average of the batches' extremes, and
// a histogram whose range doubles when the data outgrow it.
//
// The histogram counts magnitudes, kBins bins for either sign: bin i holds the x with
//
//   i * width <= |x| < (i + 1) * width,   width = 2^exponent / kBins,
//
// and 2^exponent is the smallest power of two above the largest magnitude (exponent >=
// kMinExponent). A doubling makes bin i of the bins 2i and 2i + 1, exactly; so counts and extremes
// depend neither on the order of the data nor on how many observations were merged. Exact zeros are
// counted apart: a ReLU makes half of its outputs zero, and every quantization represents them.
//
// 4096 bins: the largest magnitude fills 2048 of them or more, 8 for each step of 8 bits, and data
// under outliers 30 times as large still have as many as 6 bits have steps. That is 32 KB for a
// value without negative elements, 64 KB for any other, however many samples are seen.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace lowbit {

// Averages of the batches' ranges (each widened to contain 0), the newest weighing most (Jacob et
// al. 2018, section 3.1; Kingma and Ba 2015, section 3, for the division by the weights' sum):
//
//   min = sum of 0.1 * 0.9^age * batch_min / sum of 0.1 * 0.9^age,   age in batches, 0 for the last
//
// Kept are the sums. Appending later batches' sums multiplies the earlier ones by 0.9^(number of
// later batches), which is 1 - later.weight; parts have to be merged in the order of their batches.
// It is then as if one had seen all, but for the last bits of float64.
struct MovingAverage {
  double min_sum = 0;
  double max_sum = 0;
  double weight = 0;  // 1 - 0.9^batches

  void append(const MovingAverage& later);
};

struct Observation {
  static constexpr size_t kBins = 4096;
  static constexpr int kMinExponent = -100;
  // Merged counts are whole numbers in float64. No data reach it: 2^53 elements take weeks to read.
  static constexpr uint64_t kMaxCount = uint64_t{1} << 53;

  float min = 0;  // <= 0: the law widens every range to contain 0
  float max = 0;  // >= 0
  MovingAverage average;
  uint64_t count = 0;  // of elements
  uint64_t zeros = 0;  // of them 0.0 or -0.0, and in no bin
  int exponent = kMinExponent;
  std::vector<uint64_t> bins;  // empty; positive ones; or positive, then negative ones

  float bin_width() const;
  std::span<const uint64_t> positive() const;  // empty or kBins
  std::span<const uint64_t> negative() const;  // empty or kBins

  // The elements of one batch. False when one is NaN or infinite: nothing has changed then.
  bool add(std::span<const float> batch);

  // Appends what was seen later, or elsewhere. Errors: kLimitExceeded (more than kMaxCount
  // elements), with nothing changed.
  Status merge(const Observation& later);

  // The exponent that a largest magnitude asks for.
  static int exponent_above(float magnitude);

 private:
  void raise_exponent(int wanted);
};

}  // namespace lowbit

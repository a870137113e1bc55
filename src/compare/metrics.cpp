#include "compare/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/heap_sort.h"

namespace lowbit {

int32_t argmax(std::span<const float> row) {
  int32_t best = 0;
  float best_value = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i] > best_value) {
      best_value = row[i];
      best = static_cast<int32_t>(i);
    }
  }
  return best;
}

// In lanes, as one sum would wait for each of its additions.
void SqnrAccumulator::add(std::span<const float> reference, std::span<const float> approximation) {
  constexpr size_t kLanes = 4;
  double signal[kLanes] = {};
  double noise[kLanes] = {};
  const auto add_element = [&](size_t i, size_t lane) {
    const double r = static_cast<double>(reference[i]);
    const double error = r - static_cast<double>(approximation[i]);
    signal[lane] += r * r;
    noise[lane] += error * error;
  };
  const size_t whole = reference.size() - reference.size() % kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) add_element(i + lane, lane);
  }
  for (size_t i = whole; i < reference.size(); ++i) add_element(i, i - whole);
  for (size_t lane = 0; lane < kLanes; ++lane) {
    signal_ += signal[lane];
    noise_ += noise[lane];
  }
}

void SqnrAccumulator::add(const SqnrAccumulator& other) {
  signal_ += other.signal_;
  noise_ += other.noise_;
}

double SqnrAccumulator::db() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (noise_ == 0) return signal_ == 0 ? 0 : kInfinity;
  return 10 * std::log10(signal_ / noise_);
}

namespace {

constexpr double kZ95 = 1.959963984540054;  // the normal distribution's 97.5 % quantile

struct Interval {
  double low;
  double high;
};

// Wilson's score interval of one proportion (Newcombe 1998, the building block of method 10).
Interval wilson(double successes, double n) {
  const double p = successes / n;
  const double z2 = kZ95 * kZ95;
  const double centre = (2 * successes + z2) / (2 * (n + z2));
  const double half = kZ95 * std::sqrt(z2 + 4 * n * p * (1 - p)) / (2 * (n + z2));
  return {centre - half, centre + half};
}

}  // namespace

PairedDifference paired_difference(int64_t both_right, int64_t only_a_right, int64_t only_b_right,
                                   int64_t both_wrong) {
  const auto e = static_cast<double>(both_right);
  const auto f = static_cast<double>(only_b_right);
  const auto g = static_cast<double>(only_a_right);
  const auto h = static_cast<double>(both_wrong);
  const double n = e + f + g + h;
  if (n == 0) return {};
  const double p1 = (e + f) / n;  // b
  const double p2 = (e + g) / n;  // a
  const Interval i1 = wilson(e + f, n);
  const Interval i2 = wilson(e + g, n);

  // phi estimates the correlation of the pairs, with Newcombe's continuity correction.
  const double product = (e + f) * (g + h) * (e + g) * (f + h);
  double phi = 0;
  if (product > 0) {
    const double determinant = e * h - f * g;
    const double corrected = determinant > 0 ? std::max(determinant - n / 2, 0.0) : determinant;
    phi = corrected / std::sqrt(product);
  }
  const auto distance = [phi](double x, double y) {
    return std::sqrt(std::max(0.0, x * x - 2 * phi * x * y + y * y));
  };
  return {p1 - p2, p1 - p2 - distance(p1 - i1.low, i2.high - p2),
          p1 - p2 + distance(i1.high - p1, p2 - i2.low)};
}

Percentiles percentiles(std::span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  heap_sort(sorted);
  const auto at = [&sorted](double fraction) {
    const double position = fraction * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(position);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    const double weight = position - static_cast<double>(below);
    return sorted[below] + weight * (sorted[above] - sorted[below]);
  };
  return {at(0.1), at(0.5), at(0.9)};
}

}  // namespace lowbit

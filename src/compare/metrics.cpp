#include "compare/metrics.h"

#include <algorithm>
#include <array>
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

void ErrorAccumulator::add_element(double r, double q) {
  reference_power_ += r * r;
  approximation_power_ += q * q;
  product_ += r * q;
  noise_power_ += (r - q) * (r - q);
}

// In lanes, as one sum would wait for each of its additions.
void ErrorAccumulator::add(std::span<const float> reference, std::span<const float> approximation) {
  std::array<ErrorAccumulator, 4> lanes;
  const size_t whole = reference.size() - reference.size() % lanes.size();
  for (size_t i = 0; i < whole; i += lanes.size()) {
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      lanes[lane].add_element(reference[i + lane], approximation[i + lane]);
    }
  }
  for (size_t i = whole; i < reference.size(); ++i) {
    lanes[i - whole].add_element(reference[i], approximation[i]);
  }
  for (const ErrorAccumulator& lane : lanes) add(lane);
  count_ += static_cast<int64_t>(reference.size());
}

void ErrorAccumulator::add(const ErrorAccumulator& other) {
  count_ += other.count_;
  reference_power_ += other.reference_power_;
  approximation_power_ += other.approximation_power_;
  product_ += other.product_;
  noise_power_ += other.noise_power_;
}

double ErrorAccumulator::sqnr_db() const {
  if (count_ == 0) return 0;
  if (noise_power_ == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(reference_power_ / noise_power_);
}

double ErrorAccumulator::cosine() const {
  if (count_ == 0) return 0;
  if (noise_power_ == 0) return 1;
  const double lengths = std::sqrt(reference_power_ * approximation_power_);
  return lengths == 0 ? 0 : std::clamp(product_ / lengths, -1.0, 1.0);
}

double ErrorAccumulator::mse() const {
  return count_ == 0 ? 0 : noise_power_ / static_cast<double>(count_);
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

#include "quantize/observation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

namespace lowbit {

namespace {

constexpr double kNewest = 0.1;  // the weight of a batch; its complement is the momentum 0.9
constexpr int kLogBins = std::countr_zero(Observation::kBins);

// Exact, without the C library; for normal results.
float power_of_two(int exponent) {
  return std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23);
}

struct Extremes {
  float min = 0;
  float max = 0;
  bool finite = true;
};

// Of floats as integers, which the compiler makes SIMD of: the largest signed one is the largest
// positive float; the largest unsigned one is the most negative float, if its sign bit is set. NaN
// and infinities are larger than all others of their sign.
Extremes find_extremes(std::span<const float> values) {
  constexpr uint32_t kSign = 0x80000000;
  constexpr uint32_t kInfinity = 0x7f800000;
  int32_t most_positive = 0;
  uint32_t most_negative = 0;
  for (const float x : values) {
    const auto bits = std::bit_cast<uint32_t>(x);
    most_positive = std::max(most_positive, static_cast<int32_t>(bits));
    most_negative = std::max(most_negative, bits);
  }
  const auto positive = static_cast<uint32_t>(most_positive);
  const uint32_t negative = std::max(most_negative, kSign);
  return {std::bit_cast<float>(negative), std::bit_cast<float>(positive),
          positive < kInfinity && negative - kSign < kInfinity};
}

// Increments the bin of each element that is not 0; returns the number of those that are.
uint64_t count_into(uint64_t* bins, float bins_per_unit, std::span<const float> values) {
  constexpr auto kNegative = static_cast<int32_t>(Observation::kBins);
  uint64_t zeros = 0;
  // In blocks, so that the compiler makes SIMD of everything but the increments. Zeros go through
  // bin 0 as well: to leave them out takes as long.
  std::array<int32_t, 256> bin_of;
  while (!values.empty()) {
    const size_t size = std::min(values.size(), bin_of.size());
    uint32_t zeros_here = 0;
    for (size_t i = 0; i < size; ++i) {
      const float x = values[i];
      bin_of[i] = static_cast<int32_t>(std::fabs(x) * bins_per_unit) + (x < 0 ? kNegative : 0);
      zeros_here += x == 0 ? 1 : 0;
    }
    for (size_t i = 0; i < size; ++i) ++bins[bin_of[i]];
    zeros += zeros_here;
    values = values.subspan(size);
  }
  bins[0] -= zeros;
  return zeros;
}

}  // namespace

void MovingAverage::append(const MovingAverage& later) {
  const double remains = 1.0 - later.weight;
  min_sum = remains * min_sum + later.min_sum;
  max_sum = remains * max_sum + later.max_sum;
  weight = remains * weight + later.weight;
}

float Observation::bin_width() const { return power_of_two(exponent - kLogBins); }

std::span<const uint64_t> Observation::positive() const {
  return std::span(bins).first(std::min(bins.size(), kBins));
}

std::span<const uint64_t> Observation::negative() const {
  return std::span(bins).subspan(positive().size());
}

int Observation::exponent_above(float magnitude) {
  const auto biased = static_cast<int>(std::bit_cast<uint32_t>(magnitude) >> 23 & 255);  // -0.0 too
  return std::max(biased - 126, kMinExponent);
}

bool Observation::add(std::span<const float> batch) {
  const Extremes seen = find_extremes(batch);
  if (!seen.finite) return false;
  if (batch.empty()) return true;
  min = std::min(min, seen.min);
  max = std::max(max, seen.max);
  average.append(
      {kNewest * static_cast<double>(seen.min), kNewest * static_cast<double>(seen.max), kNewest});
  raise_exponent(exponent_above(std::max(-min, max)));
  bins.resize(std::max(bins.size(), seen.min < 0.0f ? 2 * kBins : kBins));
  zeros += count_into(bins.data(), power_of_two(kLogBins - exponent), batch);
  count += batch.size();
  return true;
}

Status Observation::merge(const Observation& later) {
  if (count > kMaxCount || later.count > kMaxCount - count) {
    return make_error(ErrorCode::kLimitExceeded, "the calibration has seen too many elements",
                      "calibration");
  }
  min = std::min(min, later.min);
  max = std::max(max, later.max);
  average.append(later.average);
  count += later.count;
  zeros += later.zeros;
  raise_exponent(later.exponent);
  bins.resize(std::max(bins.size(), later.bins.size()));
  const int doublings = std::min(exponent - later.exponent, kLogBins);
  for (size_t i = 0; i < later.bins.size(); ++i) {
    const size_t side = i & ~(kBins - 1);
    bins[side + ((i - side) >> doublings)] += later.bins[i];
  }
  return success();
}

void Observation::raise_exponent(int wanted) {
  if (wanted <= exponent) return;
  const int doublings = std::min(wanted - exponent, kLogBins);
  for (size_t side = 0; side < bins.size(); side += kBins) {
    for (size_t i = 1; i < kBins; ++i) {
      bins[side + (i >> doublings)] += std::exchange(bins[side + i], 0);
    }
  }
  exponent = wanted;
}

}  // namespace lowbit

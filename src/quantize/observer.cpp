#include "quantize/observer.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "qmath/quant_params.h"
#include "qmath/quantize.h"

namespace lowbit {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kStrides = 64;

// ln x of a normal x > 0, to a few units in the last place. Not the C library's, whose last bits
// differ between platforms, and with them the range that is chosen. x = 2^e * m with m near 1, and
// ln m = 2 artanh(t) = 2 (t + t^3 / 3 + t^5 / 5 + ...), t = (m - 1) / (m + 1), |t| < 0.18.
double natural_log(double x) {
  constexpr double kLn2 = 0x1.62e42fefa39efp-1;
  constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;
  constexpr double kSeries[] = {1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11,
                                1. / 9,  1. / 7,  1. / 5,  1. / 3,  1.};
  constexpr uint64_t kMantissa = (uint64_t{1} << 52) - 1;
  const auto bits = std::bit_cast<uint64_t>(x);
  auto exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & kMantissa) | uint64_t{1023} << 52);
  if (m > kSqrt2) {
    m *= 0.5;
    ++exponent;
  }
  const double t = (m - 1.0) / (m + 1.0);
  double sum = 0;
  for (const double coefficient : kSeries) sum = sum * (t * t) + coefficient;
  return exponent * kLn2 + 2.0 * t * sum;
}

// The elements of one sign; or, for symmetric ranges, all of them by magnitude.
struct Side {
  std::span<const uint64_t> bins;
  std::span<const uint64_t> mirrored = {};  // empty, or of the same length
  float extreme = 0;

  uint64_t count(size_t bin) const { return bins[bin] + (mirrored.empty() ? 0 : mirrored[bin]); }

  // Behind the last bin with elements.
  size_t end() const {
    size_t end = bins.size();
    while (end > 0 && count(end - 1) == 0) --end;
    return end;
  }
};

struct Sides {
  Side lower, upper;

  Sides(const Observation& o, bool symmetric) {
    if (symmetric) {
      upper = {o.positive(), o.negative(), std::max(-o.min, o.max)};
    } else {
      lower = {o.negative(), {}, -o.min};
      upper = {o.positive(), {}, o.max};
    }
  }
};

// The law's integers for a range.
struct Grid {
  float scale;
  int32_t zero_point;
  int32_t qmin;
  int32_t qmax;

  Grid(Range range, int bits, bool symmetric) {
    qmax = symmetric ? weight_qmax(bits) : activation_qmax(bits);
    qmin = symmetric ? -qmax : 0;
    const ScaleAndZeroPoint params = symmetric
                                         ? symmetric_params(range.max, qmax)
                                         : asymmetric_params(range.min, range.max, qmin, qmax);
    scale = params.scale;
    zero_point = params.zero_point;
  }

  int32_t quantize(float x) const { return lowbit::quantize(x, scale, zero_point, qmin, qmax); }
};

// A bin with elements.
struct Point {
  float x;  // its middle
  double count;
  double count_log;  // count * ln(count)
};

// What the search needs of an observation.
struct Histogram {
  int bits;
  bool symmetric;
  float width;
  Sides sides;
  std::vector<Point> points;  // ascending

  Histogram(const Observation& observation, int bits_, bool symmetric_)
      : bits(bits_),
        symmetric(symmetric_),
        width(observation.bin_width()),
        sides(observation, symmetric_) {
    append_points(sides.lower, -1.0f);
    std::ranges::reverse(points);
    append_points(sides.upper, 1.0f);
  }

  Grid grid(Range range) const { return {range, bits, symmetric}; }

 private:
  void append_points(const Side& side, float sign) {
    const size_t end = side.end();
    for (size_t bin = 0; bin < end; ++bin) {
      const auto count = static_cast<double>(side.count(bin));
      if (count == 0) continue;
      const float middle = (static_cast<float>(bin) + 0.5f) * width;
      points.push_back({sign * std::min(middle, side.extreme), count, count * natural_log(count)});
    }
  }
};

// Sums over all elements.
struct SquaredError {
  double clip = 0;
  double round = 0;
};

SquaredError squared_error(const Histogram& histogram, Range range) {
  const Grid grid = histogram.grid(range);
  // In float64: the outermost integer may stand for more than the largest float32.
  const double scale = grid.scale;
  const double lowest = scale * (grid.qmin - grid.zero_point - 0.5);
  const double highest = scale * (grid.qmax - grid.zero_point + 0.5);
  SquaredError sum;
  for (const Point& p : histogram.points) {
    const double x = p.x;
    const double error = scale * (grid.quantize(p.x) - grid.zero_point) - x;
    (x < lowest || x > highest ? sum.clip : sum.round) += p.count * error * error;
  }
  return sum;
}

double mean_squared_loss(const Histogram& histogram, Range& range) {
  const SquaredError error = squared_error(histogram, range);
  return error.clip + error.round;
}

// KL(P || Q). With n elements in all and `inside` in the range, of which N lie in the m bins of one
// integer, a bin with c elements (and at the ends, with what is clipped there, c of them) has
// P = c / n and Q = N / (m * inside), so
//
//   n KL = sum over bins of c ln c  -  sum over integers of (sum of c) ln(N / m)  +  n ln(inside /
//   n)
//
// Shrinks `range` to the bins with elements that it covers.
double divergence_loss(const Histogram& histogram, Range& range) {
  const std::vector<Point>& points = histogram.points;
  size_t first = 0;
  size_t last = points.size();
  double below = 0;
  double above = 0;
  while (first < last && points[first].x < range.min) below += points[first++].count;
  while (first < last && points[last - 1].x > range.max) above += points[--last].count;
  if (first == last || (range.min < 0 && points[first].x > 0) ||
      (range.max > 0 && points[last - 1].x < 0)) {
    return kInfinity;  // an end without elements
  }
  const float half_bin = 0.5f * histogram.width;
  if (range.min < 0) range.min = std::max(range.min, points[first].x - half_bin);
  if (range.max > 0) range.max = std::min(range.max, points[last - 1].x + half_bin);

  const Grid grid = histogram.grid(range);
  const double span =
      static_cast<double>(range.max) - (histogram.symmetric ? -range.max : range.min);
  if (span < static_cast<double>(histogram.width) * (grid.qmax - grid.qmin)) return kInfinity;

  double inside = 0;
  double sum = 0;
  for (size_t i = first; i < last;) {
    const int32_t q = grid.quantize(points[i].x);
    double own = 0;
    double with_clipped = 0;
    int bins = 0;
    for (; i < last && grid.quantize(points[i].x) == q; ++i) {
      const double clipped = (i == first ? below : 0) + (i == last - 1 ? above : 0);
      const double c = points[i].count + clipped;
      sum += clipped > 0 ? c * natural_log(c) : points[i].count_log;
      own += points[i].count;
      with_clipped += c;
      ++bins;
    }
    sum -= with_clipped * natural_log(own / bins);
    inside += own;
  }
  const double n = inside + below + above;
  return sum + n * natural_log(inside / n);
}

// May shrink the range, without a change of what it stands for.
using Loss = double (*)(const Histogram&, Range&);

// The range of the least loss, as kSearchRounds describes.
Range search(const Histogram& histogram, Loss loss) {
  const Side* const sides[] = {&histogram.sides.upper, &histogram.sides.lower};
  const size_t tops[] = {sides[0]->end(), sides[1]->end()};
  size_t ends[] = {tops[0], tops[1]};
  const auto threshold = [&](int k, size_t end) {
    return end == tops[k] ? sides[k]->extreme : static_cast<float>(end) * histogram.width;
  };
  Range best{-threshold(1, ends[1]), threshold(0, ends[0])};
  double least = loss(histogram, best);

  const auto attempt = [&](int k, size_t end) {
    Range range{-threshold(1, k == 1 ? end : ends[1]), threshold(0, k == 0 ? end : ends[0])};
    const double attained = loss(histogram, range);
    if (attained >= least) return false;
    least = attained;
    best = range;
    ends[k] = end;
    return true;
  };
  const auto move = [&](int k) {
    bool moved = false;
    const size_t stride = (tops[k] + kStrides - 1) / kStrides;
    for (size_t i = 0; i * stride < tops[k]; ++i) moved |= attempt(k, tops[k] - i * stride);
    const size_t outer = std::min(tops[k], ends[k] + stride - 1);
    const size_t inner = ends[k] > stride ? ends[k] - stride + 1 : 1;
    for (size_t end = outer; tops[k] > 0 && end >= inner; --end) moved |= attempt(k, end);
    return moved;
  };
  const int rounds = tops[0] > 0 && tops[1] > 0 ? kSearchRounds : 1;
  for (int round = 0; round < rounds; ++round) {
    const bool upper_moved = move(0);
    const bool lower_moved = move(1);
    if (!upper_moved && !lower_moved) break;
  }
  return best;
}

float percentile_threshold(const Side& side, float width, double tail) {
  double above = 0;
  for (size_t bin = side.end(); bin-- > 0;) {
    const auto here = static_cast<double>(side.count(bin));
    if (here > 0 && above + here >= tail) {
      const double edge = static_cast<double>(bin + 1) - (tail - above) / here;
      return std::min(side.extreme, static_cast<float>(static_cast<double>(width) * edge));
    }
    above += here;
  }
  return 0;
}

Range percentile_range(const Observation& observation, bool symmetric, double percentile) {
  const Sides sides(observation, symmetric);
  const double tail =
      (100.0 - percentile) / (symmetric ? 100.0 : 200.0) * static_cast<double>(observation.count);
  const float width = observation.bin_width();
  const Range range{-percentile_threshold(sides.lower, width, tail),
                    percentile_threshold(sides.upper, width, tail)};
  if (range.min == 0 && range.max == 0) return {-sides.lower.extreme, sides.upper.extreme};
  return range;
}

Range average_range(const Observation& observation) {
  const MovingAverage& average = observation.average;
  if (average.weight == 0) return {};
  return {std::max(observation.min, static_cast<float>(average.min_sum / average.weight)),
          std::min(observation.max, static_cast<float>(average.max_sum / average.weight))};
}

Range observed_part(const Observation& observation, Observer observer, int bits, bool symmetric,
                    double percentile) {
  switch (observer) {
    case Observer::kMinMax:
      break;
    case Observer::kMovingAverage:
      return average_range(observation);
    case Observer::kPercentile:
      return percentile_range(observation, symmetric, percentile);
    case Observer::kMse:
      return search({observation, bits, symmetric}, mean_squared_loss);
    case Observer::kEntropy:
      return search({observation, bits, symmetric}, divergence_loss);
  }
  return {observation.min, observation.max};
}

Range mirrored(Range range) {
  const float magnitude = std::max(-range.min, range.max);
  return {-magnitude, magnitude};
}

}  // namespace

Range choose_range(const Observation& observation, Observer observer, int bits, bool symmetric,
                   double percentile) {
  const Range range = observed_part(observation, observer, bits, symmetric, percentile);
  return symmetric ? mirrored(range) : range;
}

std::vector<ClippingPoint> clipping_points(const Observation& observation, int bits, bool symmetric,
                                           const std::vector<Range>& ranges) {
  const Histogram histogram(observation, bits, symmetric);
  const double count = std::max(1.0, static_cast<double>(observation.count));
  std::vector<ClippingPoint> points;
  for (const Range& given : ranges) {
    const Range range = symmetric ? mirrored(given) : given;
    const SquaredError error = squared_error(histogram, range);
    points.push_back({range, error.clip / count, error.round / count});
  }
  return points;
}

std::vector<ClippingPoint> clipping_curve(const Observation& observation, int bits, bool symmetric,
                                          int point_count) {
  std::vector<Range> ranges;
  for (int k = 1; k <= point_count; ++k) {
    const double part = static_cast<double>(k) / point_count;
    ranges.push_back({static_cast<float>(part * static_cast<double>(observation.min)),
                      static_cast<float>(part * static_cast<double>(observation.max))});
  }
  return clipping_points(observation, bits, symmetric, ranges);
}

}  // namespace lowbit

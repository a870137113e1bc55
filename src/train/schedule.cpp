#include "train/schedule.h"

#include <cmath>
#include <numbers>

namespace lowbit {

namespace {

// From `from` at x = 0 to `to` at x = 1 along half a cosine.
double along_cosine(double from, double to, double x) {
  return to + (from - to) * (1.0 + std::cos(std::numbers::pi * x)) / 2.0;
}

}  // namespace

float learning_rate(const Schedule& schedule, int64_t step, int64_t step_count) {
  const double peak = double{schedule.peak_rate};
  const double warm_up = double{schedule.warm_up};
  // A linear warm-up is counted at the end of its steps, so that the first step already learns.
  const double done = static_cast<double>(step + 1) / static_cast<double>(step_count);
  const bool is_warming_up = done < warm_up;
  const double rise = is_warming_up ? done / warm_up : 1.0;
  const double fall = is_warming_up ? 0.0 : (done - warm_up) / (1.0 - warm_up);
  double rate = 0;
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      rate = peak * rise;
      break;
    case ScheduleKind::kCosine:
      rate = is_warming_up ? peak * rise : along_cosine(peak, 0.0, fall);
      break;
    case ScheduleKind::kOneCycle: {
      const double start = peak / 25.0;
      rate =
          is_warming_up ? along_cosine(start, peak, rise) : along_cosine(peak, start / 1e4, fall);
      break;
    }
  }
  return static_cast<float>(rate);
}

}  // namespace lowbit

// The learning rate over a training, as a fraction t in [0, 1] of its steps. With warm-up fraction
// u and peak rate p:
//
//   constant    p, after the warm-up
//   cosine      p * (1 + cos(pi * (t - u) / (1 - u))) / 2, after the warm-up           (Loshchilov
//   and Hutter 2017) one-cycle   from p / 25 up to p at u, down to p / 25 / 1e4 at 1, both by a
//   cosine  (Smith 2018, as in PyTorch)
//
// The warm-up of the first two is linear from 0.
#pragma once

#include <cstdint>

namespace lowbit {

enum class ScheduleKind : uint8_t { kConstant, kCosine, kOneCycle };

struct Schedule {
  ScheduleKind kind = ScheduleKind::kCosine;
  float peak_rate = 0.05f;
  float warm_up = 0.05f;  // fraction of all steps, in [0, 1)
};

// `step` counts from 0 to step_count - 1.
float learning_rate(const Schedule& schedule, int64_t step, int64_t step_count);

}  // namespace lowbit

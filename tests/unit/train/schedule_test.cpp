#include "train/schedule.h"

#include <initializer_list>

#include "doctest/doctest.h"

namespace lowbit::test {

TEST_CASE("constant: a linear warm-up, then the peak") {
  const Schedule s{.kind = ScheduleKind::kConstant, .peak_rate = 0.5f, .warm_up = 0.4f};
  CHECK(learning_rate(s, 0, 10) == doctest::Approx(0.125f));
  CHECK(learning_rate(s, 2, 10) == doctest::Approx(0.375f));
  CHECK(learning_rate(s, 3, 10) == doctest::Approx(0.5f));
  CHECK(learning_rate(s, 9, 10) == doctest::Approx(0.5f));
}

TEST_CASE("cosine: half the peak half-way, nothing at the end") {
  const Schedule s{.kind = ScheduleKind::kCosine, .peak_rate = 1.0f, .warm_up = 0.0f};
  CHECK(learning_rate(s, 4, 10) == doctest::Approx(0.5f));
  CHECK(learning_rate(s, 9, 10) == doctest::Approx(0.0f));
}

TEST_CASE("one-cycle: from a twenty-fifth up to the peak and down again") {
  const Schedule s{.kind = ScheduleKind::kOneCycle, .peak_rate = 1.0f, .warm_up = 0.5f};
  CHECK(learning_rate(s, 0, 1000) == doctest::Approx(0.04f).epsilon(0.01));
  CHECK(learning_rate(s, 249, 1000) == doctest::Approx(0.52f));
  CHECK(learning_rate(s, 499, 1000) == doctest::Approx(1.0f));
  CHECK(learning_rate(s, 749, 1000) == doctest::Approx(0.5f).epsilon(0.001));
  CHECK(learning_rate(s, 999, 1000) == doctest::Approx(4e-6f));
}

TEST_CASE("every schedule stays positive up to the last step but one, and never exceeds the peak") {
  for (const ScheduleKind kind :
       {ScheduleKind::kConstant, ScheduleKind::kCosine, ScheduleKind::kOneCycle}) {
    for (int64_t step = 0; step < 99; ++step) {
      const float rate =
          learning_rate({.kind = kind, .peak_rate = 0.3f, .warm_up = 0.2f}, step, 100);
      CHECK(rate > 0.0f);
      CHECK(rate <= 0.3f);
    }
  }
}

}  // namespace lowbit::test

#include "base/clock.h"

#include <doctest/doctest.h>

namespace lowbit {

TEST_CASE("clock: moves forward, in milliseconds") {
  const double start = now_ms();
  double before = start;
  // Bounded by the test's own time limit: a clock that stands still fails there.
  while (before - start < 2) {
    const double now = now_ms();
    REQUIRE(now >= before);
    before = now;
  }
}

}  // namespace lowbit

// Lifetimes, places that are taken over and layouts, in combinations that nobody thinks of.
// check_plan() compares runs with shared places, kept values and taps with the oracle.
#include "unit/engine/random_graph.h"

#include <doctest/doctest.h>

#include "unit/engine/plan_check.h"

namespace lowbit::test {

TEST_CASE("Random float32 graphs compute what their nodes say, however values share memory") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    check_plan(RandomGraph(seed, false).build(14), 1, seed);
  }
}

TEST_CASE("Random integer graphs compute what their nodes say, however values share memory") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    check_plan(RandomGraph(seed, true).build(14), 1, seed);
  }
}

}  // namespace lowbit::test

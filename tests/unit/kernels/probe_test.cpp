#include "kernels/probe.h"

#include <doctest/doctest.h>

namespace lowbit::kernels {
namespace {

TEST_CASE("probe_tier: a tier that computes exactly, and none that is better is left out") {
  const Tier probed = probe_tier();
  CAPTURE(tier_name(probed));
  CHECK(computes_exactly(probed));
  for (const Tier tier : {Tier::kRelaxedU, Tier::kRelaxedS, Tier::kRelaxedP}) {
    if (probed <= Tier::kRelaxed || tier < probed) CHECK_FALSE(computes_exactly(tier));
  }
}

TEST_CASE("computes_exactly: the tiers without relaxed instructions are exact on every machine") {
  CHECK(computes_exactly(Tier::kReference));
  CHECK(computes_exactly(Tier::kSimd128));
}

#ifndef __EMSCRIPTEN__
TEST_CASE("computes_exactly: natively every class is emulated, each in its own way") {
  for (const Tier tier : {Tier::kRelaxed, Tier::kRelaxedU, Tier::kRelaxedS, Tier::kRelaxedP}) {
    CAPTURE(tier_name(tier));
    CHECK(computes_exactly(tier));
  }
}
#endif

}  // namespace
}  // namespace lowbit::kernels

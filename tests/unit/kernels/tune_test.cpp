#include "kernels/tune.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/probe.h"
#include "support/tiers.h"

namespace lowbit::kernels {
namespace {

void check_is_in_list(Tier tier, int32_t Tiles::* kernel, int32_t rows) {
  const auto list = test::tiles_of(tier, kernel);
  CHECK(std::ranges::any_of(list, [&](const Tiles& tiles) { return tiles.*kernel == rows; }));
}

TEST_CASE("tune: without time for it, the first tile of each kernel") {
  for (const Tier tier : test::simd_tiers()) {
    CAPTURE(tier_name(tier));
    const Tiles tiles = tune(tier, 0);
    CHECK(tiles.matmul_f32 == test::tiles_of(tier, &Tiles::matmul_f32).front().matmul_f32);
    CHECK(tiles.matmul_u8s8 == test::tiles_of(tier, &Tiles::matmul_u8s8).front().matmul_u8s8);
  }
  CHECK(tune(Tier::kReference, 0) == Tiles{});
}

// Natively no code gets faster while it runs, so that the tuning goes on for all of its time.
TEST_CASE("tune: with time for it, one of the tiles of each kernel") {
  for (const Tier tier : test::simd_tiers()) {
    CAPTURE(tier_name(tier));
    const Tiles tiles = tune(tier, 20);
    check_is_in_list(tier, &Tiles::matmul_f32, tiles.matmul_f32);
    check_is_in_list(tier, &Tiles::matmul_u8s8, tiles.matmul_u8s8);
  }
}

}  // namespace
}  // namespace lowbit::kernels

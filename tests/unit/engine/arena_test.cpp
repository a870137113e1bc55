#include "engine/arena.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/random.h"
#include "support/must.h"
#include "tensor/tensor.h"

namespace lowbit::engine {
namespace {

constexpr int64_t kLine = int64_t{Buffer::kAlignment};

bool overlap_in_time(const ArenaRequest& a, const ArenaRequest& b) {
  return a.first_use <= b.last_use && b.first_use <= a.last_use;
}

// The least that any layout needs: the most bytes in use at one time.
int64_t peak(const std::vector<ArenaRequest>& requests) {
  int64_t most = 0;
  for (const ArenaRequest& at : requests) {
    int64_t bytes = 0;
    for (const ArenaRequest& other : requests) {
      const bool in_use = other.first_use <= at.first_use && at.first_use <= other.last_use;
      if (in_use) bytes += (other.bytes + kLine - 1) / kLine * kLine;
    }
    most = std::max(most, bytes);
  }
  return most;
}

TEST_CASE("Places in use at the same time never share a byte, over random lifetimes") {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaRequest> requests(1 + random.below(40));
    for (ArenaRequest& request : requests) {
      request.first_use = static_cast<int32_t>(random.below(30));
      request.last_use = request.first_use + static_cast<int32_t>(random.below(8));
      request.bytes = 1 + random.below(1000);
    }
    const ArenaLayout layout = test::must(lay_out_arena(requests));
    for (size_t i = 0; i < requests.size(); ++i) {
      CHECK(layout.offsets[i] % kLine == 0);
      CHECK(layout.offsets[i] + requests[i].bytes <= layout.bytes);
      for (size_t j = 0; j < i; ++j) {
        if (!overlap_in_time(requests[i], requests[j])) continue;
        const bool apart = layout.offsets[i] + requests[i].bytes <= layout.offsets[j] ||
                           layout.offsets[j] + requests[j].bytes <= layout.offsets[i];
        CHECK(apart);
      }
    }
    CHECK(layout.bytes >= peak(requests));
    CHECK(layout.bytes <= 2 * peak(requests));
  }
}

TEST_CASE("A chain of layers needs two places, whatever its length") {
  std::vector<ArenaRequest> requests;
  for (int32_t layer = 0; layer < 50; ++layer) {
    requests.push_back({.bytes = 1024, .first_use = layer, .last_use = layer + 1});
  }
  CHECK(test::must(lay_out_arena(requests)).bytes == 2048);
}

TEST_CASE("The smallest gap that fits is taken, and the last gap may grow") {
  // After time 0, [0, 256) and [320, 384) are free between what stays.
  const std::vector<ArenaRequest> requests = {
      {.bytes = 256, .first_use = 0, .last_use = 0}, {.bytes = 128, .first_use = 0, .last_use = 9},
      {.bytes = 64, .first_use = 0, .last_use = 0},  {.bytes = 64, .first_use = 1, .last_use = 9},
      {.bytes = 512, .first_use = 2, .last_use = 9}, {.bytes = 256, .first_use = 3, .last_use = 9}};
  const ArenaLayout layout = test::must(lay_out_arena(requests));
  CHECK(layout.offsets[0] == 0);
  CHECK(layout.offsets[1] == 256);
  CHECK(layout.offsets[2] == 384);
  CHECK(layout.offsets[3] == 384);
  CHECK(layout.offsets[4] == 448);
  CHECK(layout.offsets[5] == 0);
  CHECK(layout.bytes == 960);
}

TEST_CASE("An empty request has a place, and no requests need none") {
  CHECK(test::must(lay_out_arena({})).bytes == 0);
  const std::vector<ArenaRequest> requests = {{.bytes = 0}};
  CHECK(test::must(lay_out_arena(requests)).bytes == kLine);
}

TEST_CASE("Sizes whose sum leaves 63 bits are an error") {
  const int64_t half = std::numeric_limits<int64_t>::max() / 2 + 1;
  const std::vector<ArenaRequest> requests = {{.bytes = half}, {.bytes = half}};
  CHECK(lay_out_arena(requests).error().code == ErrorCode::kLimitExceeded);
  const std::vector<ArenaRequest> one = {{.bytes = std::numeric_limits<int64_t>::max()}};
  CHECK(lay_out_arena(one).error().code == ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace lowbit::engine

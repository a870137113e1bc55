// One block of memory for all activations: places that are in use at the same time never share a
// byte.
//
// Places are laid out in order of first use, each in the smallest free gap that holds it (best
// fit), else at the end. A place is free again after its last use. Near linear in the number of
// places.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace lowbit::engine {

// Times are positions in the order of execution; both ends are inclusive.
struct ArenaRequest {
  int64_t bytes = 0;
  int32_t first_use = 0;
  int32_t last_use = 0;
};

struct ArenaLayout {
  std::vector<int64_t> offsets;  // one per request, multiples of Buffer::kAlignment
  int64_t bytes = 0;
};

// Every request has first_use <= last_use and 0 <= bytes. Errors: kLimitExceeded when the sum
// leaves 63 bits.
Result<ArenaLayout> lay_out_arena(std::span<const ArenaRequest> requests);

}  // namespace lowbit::engine

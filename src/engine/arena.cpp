#include "engine/arena.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <tuple>

#include "base/checked.h"
#include "base/heap_sort.h"
#include "tensor/tensor.h"

namespace lowbit::engine {

namespace {

// The free parts of [0, end): a gap's offset and its size. Neighbouring gaps are merged.
class Gaps {
 public:
  void release(int64_t offset, int64_t bytes) {
    const auto next = gaps_.lower_bound(offset);
    if (next != gaps_.end() && next->first == offset + bytes) {
      bytes += next->second;
      gaps_.erase(next);
    }
    const auto after = gaps_.lower_bound(offset);
    if (after != gaps_.begin()) {
      const auto previous = std::prev(after);
      if (previous->first + previous->second == offset) {
        previous->second += bytes;
        return;
      }
    }
    gaps_.emplace(offset, bytes);
  }

  // The start of a gap of at least `bytes`, which is then taken; -1 when there is none.
  int64_t take_best_fit(int64_t bytes) {
    auto best = gaps_.end();
    for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
      if (gap->second >= bytes && (best == gaps_.end() || gap->second < best->second)) best = gap;
    }
    if (best == gaps_.end()) return -1;
    const int64_t offset = best->first;
    const int64_t rest = best->second - bytes;
    gaps_.erase(best);
    if (rest > 0) gaps_.emplace(offset + bytes, rest);
    return offset;
  }

  // The start of the gap that reaches up to `end`, which is then taken; `end` when there is none.
  int64_t take_last(int64_t end) {
    if (gaps_.empty()) return end;
    const auto last = std::prev(gaps_.end());
    if (last->first + last->second != end) return end;
    const int64_t offset = last->first;
    gaps_.erase(last);
    return offset;
  }

 private:
  std::map<int64_t, int64_t> gaps_;
};

struct Live {
  int32_t last_use;
  int64_t offset;
  int64_t bytes;
  bool operator>(const Live& other) const { return last_use > other.last_use; }
};

Result<int64_t> aligned_bytes(int64_t bytes) {
  constexpr int64_t kAlignment = int64_t{Buffer::kAlignment};
  const auto padded = checked_add(bytes, kAlignment - 1);
  if (!padded) return make_error(ErrorCode::kLimitExceeded, "the activations' size leaves 63 bits");
  return std::max(*padded / kAlignment, int64_t{1}) * kAlignment;
}

}  // namespace

Result<ArenaLayout> lay_out_arena(std::span<const ArenaRequest> requests) {
  std::vector<size_t> order(requests.size());
  std::iota(order.begin(), order.end(), size_t{0});
  heap_sort(order, [&](size_t index) {
    return std::tuple(requests[index].first_use, -requests[index].bytes, index);
  });

  ArenaLayout layout;
  layout.offsets.resize(requests.size());
  Gaps gaps;
  std::priority_queue<Live, std::vector<Live>, std::greater<>> live;
  for (const size_t index : order) {
    const ArenaRequest& request = requests[index];
    while (!live.empty() && live.top().last_use < request.first_use) {
      gaps.release(live.top().offset, live.top().bytes);
      live.pop();
    }
    LOWBIT_ASSIGN(const int64_t bytes, aligned_bytes(request.bytes));
    int64_t offset = gaps.take_best_fit(bytes);
    if (offset < 0) {
      offset = gaps.take_last(layout.bytes);
      const auto end = checked_add(offset, bytes);
      if (!end) {
        return make_error(ErrorCode::kLimitExceeded, "the activations' size leaves 63 bits");
      }
      layout.bytes = *end;
    }
    layout.offsets[index] = offset;
    live.push({request.last_use, offset, bytes});
  }
  return layout;
}

}  // namespace lowbit::engine

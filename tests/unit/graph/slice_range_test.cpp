#include "graph/slice_range.h"

#include <doctest/doctest.h>

#include <limits>

using namespace lowbit;

TEST_CASE("A slice is what walking along the axis gives, and no number overflows") {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  for (const int64_t dim : {1, 2, 5}) {
    for (const int64_t start :
         {kLeast, int64_t{-6}, int64_t{-2}, int64_t{0}, int64_t{3}, kGreatest}) {
      for (const int64_t end :
           {kLeast, int64_t{-6}, int64_t{-1}, int64_t{0}, int64_t{4}, kGreatest}) {
        for (const int64_t step :
             {kLeast, int64_t{-2}, int64_t{-1}, int64_t{1}, int64_t{3}, kGreatest}) {
          const SliceRange range = slice_range(start, end, step, dim);
          // numpy's rules, with the ends brought into reach first.
          const auto near = [&](int64_t at) {
            return at < -2 * dim ? -2 * dim : at > 2 * dim ? 2 * dim : at;
          };
          int64_t at = near(start) < 0 ? near(start) + dim : near(start);
          int64_t last = near(end) < 0 ? near(end) + dim : near(end);
          const int64_t low = step > 0 ? 0 : -1;
          const int64_t high = step > 0 ? dim : dim - 1;
          at = at < low ? low : at > high ? high : at;
          last = last < low ? low : last > high ? high : last;
          const int64_t pace = step < -dim ? -dim - 1 : step > dim ? dim + 1 : step;
          int64_t count = 0;
          for (int64_t i = at; pace > 0 ? i < last : i > last; i += pace) ++count;
          CAPTURE(dim);
          CAPTURE(start);
          CAPTURE(end);
          CAPTURE(step);
          CHECK(range.count == count);
          if (count > 0) CHECK(range.start == at);
          if (count > 1) CHECK(range.step == step);
        }
      }
    }
  }
}

// Sorting where order is all that matters: a tenth of the code of std::sort, which is 3 KB of the
// WebAssembly module for each type, and equally fast for the short lists of a model. Not stable.
#pragma once

#include <algorithm>
#include <functional>

namespace lowbit {

// Ascending by what `projection` makes of the elements.
template <class Range, class Projection = std::identity>
void heap_sort(Range& range, Projection projection = {}) {
  std::ranges::make_heap(range, {}, projection);
  std::ranges::sort_heap(range, {}, projection);
}

}  // namespace lowbit

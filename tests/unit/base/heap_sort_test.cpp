#include "base/heap_sort.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.h"

namespace lowbit {

TEST_CASE("heap_sort: sorts lists of every small length, with repetitions") {
  Random random(1);
  for (size_t length = 0; length < 70; ++length) {
    std::vector<uint32_t> values(length);
    for (uint32_t& value : values) value = random.below(20);
    std::vector<uint32_t> expected = values;
    std::ranges::sort(expected);
    heap_sort(values);
    CHECK(values == expected);
  }
}

TEST_CASE("heap_sort: sorts by what the projection makes of the elements") {
  std::vector<int> values = {3, -5, 4, 0};
  heap_sort(values, [](int value) { return value * value; });
  CHECK(values == std::vector<int>{0, 3, 4, -5});
}

}  // namespace lowbit

#include "engine/layout.h"

#include <doctest/doctest.h>

#include <vector>

namespace lowbit::engine {
namespace {

std::vector<float> walk(const std::vector<float>& source, const StridedView& view) {
  std::vector<float> target(static_cast<size_t>(product(view.dims, 0, view.dims.rank())));
  copy_strided(source.data(), view, target.data());
  return target;
}

TEST_CASE("Only images with channels and pixels differ between the two orders") {
  CHECK(is_row_major_too(Shape{2, 1, 5, 5}));
  CHECK(is_row_major_too(Shape{2, 9, 1, 1}));
  CHECK(is_row_major_too(Shape{2, 3, 4}));
  CHECK(!is_row_major_too(Shape{1, 2, 1, 2}));
  CHECK(memory_shape(Shape{2, 3, 4, 5}) == Shape{2, 4, 5, 3});
  CHECK(memory_shape(Shape{2, 3}) == Shape{2, 3});
  CHECK(memory_axis(Shape{2, 3, 4, 5}, 1) == 3);
  CHECK(memory_axis(Shape{2, 3, 4, 5}, -1) == 2);
  CHECK(memory_axis(Shape{2, 3}, -1) == 1);
}

TEST_CASE("A constant image is laid out channels last") {
  const Shape shape{1, 2, 1, 3};
  const std::vector<float> nchw = {1, 2, 3, 10, 20, 30};
  CHECK(walk(nchw, broadcast_view(shape, Layout::kRowMajor, shape)) ==
        std::vector<float>{1, 10, 2, 20, 3, 30});
}

TEST_CASE("An operand is repeated along the dimensions that it lacks") {
  const Shape output{2, 2, 1, 3};
  CHECK(walk({1, 2}, broadcast_view(Shape{2, 1, 1}, Layout::kRowMajor, output)) ==
        std::vector<float>{1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2});
  CHECK(walk({1, 2, 3}, broadcast_view(Shape{3}, Layout::kRowMajor, output)) ==
        std::vector<float>{1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3});
  CHECK(walk({7}, broadcast_view(Shape{}, Layout::kRowMajor, Shape{})) == std::vector<float>{7});
}

TEST_CASE("A walk is dense when it reads one element after another") {
  const Shape shape{2, 3, 4, 5};
  CHECK(broadcast_view(shape, Layout::kChannelsLast, shape).is_dense());
  CHECK(!broadcast_view(shape, Layout::kRowMajor, shape).is_dense());
  CHECK(!broadcast_view(Shape{1, 3, 4, 5}, Layout::kChannelsLast, shape).is_dense());
  CHECK(broadcast_view(Shape{6}, Layout::kRowMajor, Shape{1, 6}).is_dense());
}

}  // namespace
}  // namespace lowbit::engine

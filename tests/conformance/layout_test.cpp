#include "kernels/layout/layout.h"

#include <doctest/doctest.h>

#include "support/buffers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;

struct Size {
  int64_t batch;
  int64_t channels;
  int64_t height;
  int64_t width;
};

// Sizes around the tile's, the degenerate ones, and common images.
constexpr Size kSizes[] = {{1, 1, 1, 1},   {2, 1, 5, 7},   {3, 10, 1, 1},  {2, 2, 3, 5},
                           {1, 3, 28, 28}, {2, 4, 8, 8},   {1, 31, 1, 63}, {1, 32, 8, 8},
                           {1, 33, 5, 13}, {2, 64, 3, 43}, {1, 5, 1, 1},   {0, 3, 4, 4},
                           {1, 100, 2, 2}, {1, 3, 0, 4}};

template <class T>
void check_both_ways(const Size& s) {
  const int64_t pixels = s.height * s.width;
  const auto count = static_cast<size_t>(s.batch * s.channels * pixels);
  Random random(1);
  std::vector<T> planes(count);
  for (T& value : planes) value = static_cast<T>(random.next());
  std::vector<T> interleaved(count);
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t c = 0; c < s.channels; ++c) {
      for (int64_t p = 0; p < pixels; ++p) {
        interleaved[static_cast<size_t>((n * pixels + p) * s.channels + c)] =
            planes[static_cast<size_t>((n * s.channels + c) * pixels + p)];
      }
    }
  }
  Guarded<T> output(count);
  nchw_to_nhwc(planes.data(), output.data(), s.batch, s.channels, s.height, s.width, sizeof(T));
  CHECK(output.values() == interleaved);
  CHECK(output.intact());
  Guarded<T> back(count);
  nhwc_to_nchw(interleaved.data(), back.data(), s.batch, s.channels, s.height, s.width, sizeof(T));
  CHECK(back.values() == planes);
  CHECK(back.intact());
}

}  // namespace

TEST_CASE("layout: every element lands where its indices say, both ways, for every element size") {
  for (const Size& size : kSizes) {
    CAPTURE(size.channels);
    CAPTURE(size.height);
    check_both_ways<uint8_t>(size);
    check_both_ways<uint32_t>(size);
    check_both_ways<uint64_t>(size);
  }
}

}  // namespace lowbit::kernels

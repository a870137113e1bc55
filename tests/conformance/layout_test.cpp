#include "kernels/layout/layout.h"

#include <doctest/doctest.h>

#include <algorithm>

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
                           {1, 100, 2, 2}, {1, 3, 0, 4},   {2, 3, 7, 9},   {1, 3, 4, 4},
                           {1, 3, 1, 17},  {1, 3, 1, 18},  {2, 3, 1, 33},  {1, 3, 2, 17}};

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

TEST_CASE("pad_images: rows lie within borders of the fill, for every width around a vector's") {
  Random random(2);
  for (int64_t row_bytes = 1; row_bytes <= 40; ++row_bytes) {
    PadImages pad{.batch = 1 + static_cast<int64_t>(random.below(3)),
                  .height = 1 + static_cast<int64_t>(random.below(4)),
                  .row_bytes = row_bytes,
                  .top = static_cast<int64_t>(random.below(3)),
                  .bottom = static_cast<int64_t>(random.below(3)),
                  .left_bytes = static_cast<int64_t>(random.below(20)),
                  .right_bytes = static_cast<int64_t>(random.below(20)),
                  .fill = std::byte{0x5a}};
    CAPTURE(row_bytes);
    const auto row_count = static_cast<size_t>(pad.batch * pad.height);
    std::vector<std::byte> input(row_count * static_cast<size_t>(row_bytes) + 16);
    for (std::byte& value : input) value = static_cast<std::byte>(random.next());

    std::vector<std::byte> expected(static_cast<size_t>(pad.batch * pad.padded_image_bytes()),
                                    pad.fill);
    for (int64_t row = 0; row < pad.batch * pad.height; ++row) {
      const int64_t padded_row =
          row / pad.height * (pad.top + pad.height + pad.bottom) + pad.top + row % pad.height;
      const int64_t at = padded_row * pad.padded_row_bytes() + pad.left_bytes;
      std::copy_n(&input[static_cast<size_t>(row * row_bytes)], row_bytes,
                  &expected[static_cast<size_t>(at)]);
    }
    Guarded<std::byte> output(expected.size() + size_t{kPadSlackBytes});
    pad.input = input.data();
    pad.output = output.data();
    pad_images(pad);
    std::vector<std::byte> written = output.values();
    written.resize(expected.size());
    CHECK(written == expected);
    CHECK(output.intact());
  }
}

}  // namespace lowbit::kernels

#include "kernels/layout/layout.h"

#include <algorithm>

namespace lowbit::kernels {

namespace {

// Both layouts of a tile stay in the first-level cache. Inside it the pixel runs innermost: there
// are many of them even where an image has one to three channels.
constexpr int64_t kTilePixels = 64;
constexpr int64_t kTileChannels = 32;

// visit(channel, first pixel, last pixel + 1) over tiles of a channels x pixels matrix.
template <class Visit>
void for_each_tile_row(int64_t channels, int64_t pixels, Visit visit) {
  for (int64_t c0 = 0; c0 < channels; c0 += kTileChannels) {
    const int64_t c1 = std::min(c0 + kTileChannels, channels);
    for (int64_t p0 = 0; p0 < pixels; p0 += kTilePixels) {
      const int64_t p1 = std::min(p0 + kTilePixels, pixels);
      for (int64_t c = c0; c < c1; ++c) visit(c, p0, p1);
    }
  }
}

struct ToChannelsLast {
  template <class T>
  static void image(const T* planes, T* interleaved, int64_t channels, int64_t pixels) {
    for_each_tile_row(channels, pixels, [=](int64_t c, int64_t p0, int64_t p1) {
      for (int64_t p = p0; p < p1; ++p) interleaved[p * channels + c] = planes[c * pixels + p];
    });
  }
};

struct ToChannelsFirst {
  template <class T>
  static void image(const T* interleaved, T* planes, int64_t channels, int64_t pixels) {
    for_each_tile_row(channels, pixels, [=](int64_t c, int64_t p0, int64_t p1) {
      for (int64_t p = p0; p < p1; ++p) planes[c * pixels + p] = interleaved[p * channels + c];
    });
  }
};

template <class Direction, class T>
void move_images(const void* input, void* output, int64_t batch, int64_t channels, int64_t pixels) {
  for (int64_t n = 0; n < batch; ++n) {
    const int64_t start = n * channels * pixels;
    Direction::image(static_cast<const T*>(input) + start, static_cast<T*>(output) + start,
                     channels, pixels);
  }
}

template <class Direction>
void move(const void* input, void* output, int64_t batch, int64_t channels, int64_t pixels,
          size_t element_bytes) {
  if (channels == 1 || pixels == 1) {  // the two layouts are one
    const size_t byte_count = static_cast<size_t>(batch * channels * pixels) * element_bytes;
    std::copy_n(static_cast<const std::byte*>(input), byte_count, static_cast<std::byte*>(output));
    return;
  }
  switch (element_bytes) {
    case 1:
      return move_images<Direction, uint8_t>(input, output, batch, channels, pixels);
    case 4:
      return move_images<Direction, uint32_t>(input, output, batch, channels, pixels);
    case 8:
      return move_images<Direction, uint64_t>(input, output, batch, channels, pixels);
    default:
      return;
  }
}

}  // namespace

void nchw_to_nhwc(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes) {
  move<ToChannelsLast>(input, output, batch, channels, height * width, element_bytes);
}

void nhwc_to_nchw(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes) {
  move<ToChannelsFirst>(input, output, batch, channels, height * width, element_bytes);
}

}  // namespace lowbit::kernels

#include "kernels/layout/layout.h"

#include <algorithm>

namespace lowbit::kernels {

namespace {

// Both layouts of a tile stay in the first-level cache.
constexpr size_t kTilePixels = 32;
constexpr size_t kTileChannels = 32;

template <class T>
struct Interleave {
  static void move(const T* planes, T* pixels, size_t in_plane, size_t in_pixel) {
    pixels[in_pixel] = planes[in_plane];
  }
};

template <class T>
struct Separate {
  static void move(const T* pixels, T* planes, size_t in_plane, size_t in_pixel) {
    planes[in_plane] = pixels[in_pixel];
  }
};

// One image with few channels: a picture's. The compiler unrolls the inner loop.
template <size_t kChannels, class Direction, class T>
void move_pixels(const T* input, T* output, size_t, size_t pixels) {
  for (size_t p = 0; p < pixels; ++p) {
    for (size_t c = 0; c < kChannels; ++c) {
      Direction::move(input, output, c * pixels + p, p * kChannels + c);
    }
  }
}

// One image with any number of channels.
template <class Direction, class T>
void move_tiles(const T* input, T* output, size_t channels, size_t pixels) {
  for (size_t c0 = 0; c0 < channels; c0 += kTileChannels) {
    const size_t c1 = std::min(c0 + kTileChannels, channels);
    for (size_t p0 = 0; p0 < pixels; p0 += kTilePixels) {
      const size_t p1 = std::min(p0 + kTilePixels, pixels);
      for (size_t c = c0; c < c1; ++c) {
        for (size_t p = p0; p < p1; ++p) {
          Direction::move(input, output, c * pixels + p, p * channels + c);
        }
      }
    }
  }
}

template <class Direction, class T>
void move_images(const void* input, void* output, size_t batch, size_t channels, size_t pixels) {
  const auto move_image = channels == 2   ? move_pixels<2, Direction, T>
                          : channels == 3 ? move_pixels<3, Direction, T>
                          : channels == 4 ? move_pixels<4, Direction, T>
                                          : move_tiles<Direction, T>;
  for (size_t n = 0; n < batch; ++n) {
    const size_t start = n * channels * pixels;
    move_image(static_cast<const T*>(input) + start, static_cast<T*>(output) + start, channels,
               pixels);
  }
}

template <template <class> class Direction>
void move_all(const void* input, void* output, size_t batch, size_t channels, size_t pixels,
              size_t element_bytes) {
  if (channels == 1 || pixels == 1) {  // the two layouts are one
    std::copy_n(static_cast<const std::byte*>(input), batch * channels * pixels * element_bytes,
                static_cast<std::byte*>(output));
    return;
  }
  switch (element_bytes) {
    case 1:
      return move_images<Direction<uint8_t>, uint8_t>(input, output, batch, channels, pixels);
    case 4:
      return move_images<Direction<uint32_t>, uint32_t>(input, output, batch, channels, pixels);
    case 8:
      return move_images<Direction<uint64_t>, uint64_t>(input, output, batch, channels, pixels);
    default:
      return;
  }
}

}  // namespace

void nchw_to_nhwc(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes) {
  move_all<Interleave>(input, output, static_cast<size_t>(batch), static_cast<size_t>(channels),
                       static_cast<size_t>(height * width), element_bytes);
}

void nhwc_to_nchw(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes) {
  move_all<Separate>(input, output, static_cast<size_t>(batch), static_cast<size_t>(channels),
                     static_cast<size_t>(height * width), element_bytes);
}

}  // namespace lowbit::kernels

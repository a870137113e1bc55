// Between ONNX's NCHW and the engine's NHWC, and borders around images. Memory moves only, so there
// is one tier.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lowbit::kernels {

// output[n][y][x][c] = input[n][c][y][x]; element_bytes is 1, 4 or 8; no overlap.
void nchw_to_nhwc(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes);
void nhwc_to_nchw(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes);

// A border around NHWC images.
struct PadImages {
  const std::byte* input = nullptr;
  std::byte* output = nullptr;  // with kPadSlackBytes after it, which may be written
  int64_t batch = 1;
  int64_t height = 1;
  int64_t row_bytes = 0;
  int64_t top = 0;  // rows
  int64_t bottom = 0;
  int64_t left_bytes = 0;
  int64_t right_bytes = 0;
  std::byte fill{};

  int64_t padded_row_bytes() const { return left_bytes + row_bytes + right_bytes; }
  int64_t padded_image_bytes() const { return (top + height + bottom) * padded_row_bytes(); }
};
inline constexpr int64_t kPadSlackBytes = 16;

// The input may be read up to 16 bytes past its end.
void pad_images(const PadImages& pad);

}  // namespace lowbit::kernels

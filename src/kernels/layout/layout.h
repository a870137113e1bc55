// Between ONNX's NCHW and the engine's NHWC. Memory moves only, so there is one tier.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lowbit::kernels {

// output[n][y][x][c] = input[n][c][y][x]; element_bytes is 1, 4 or 8; no overlap.
void nchw_to_nhwc(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes);
void nhwc_to_nchw(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes);

}  // namespace lowbit::kernels

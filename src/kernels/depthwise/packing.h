// How the simd tiers lay out the weights of a depthwise convolution: a row of padding (zeros, or
// the input's zero point) as long as a row of the input, so that a kernel reads a row outside the
// image as any other; then panels of 8 channels, in tap order as packed.h has them, or for a
// sliding integer kernel in groups of taps (tap_groups.h):
//
//   int32[8] bias with the zero point folded in; float[8] multipliers;
//   [groups][8 channels][taps of a group], int16 in pairs, int8 in fours
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/depthwise/depthwise.h"

namespace lowbit::kernels {

inline bool can_slide(const Window& w) {
  return w.kernel_h == w.kernel_w && (w.kernel_w == 3 || w.kernel_w == 5) && w.dilation_w == 1 &&
         w.stride_w <= 2;
}

// With groups of four taps: a 3 x 3 kernel of horizontal stride 1 takes rows in pairs
// (row_pairs.h).
inline bool can_slide_in_fours(const Window& w) {
  const bool has_pairs = w.stride_h == 1 && w.dilation_h == 1;
  return can_slide(w) && (w.kernel_w == 5 || w.stride_w == 2 || has_pairs);
}

template <class T>
size_t padding_row_bytes(const Window& w) {
  constexpr size_t kAlignment = 64;
  const size_t byte_count =
      static_cast<size_t>(w.input_w) * static_cast<size_t>(w.channels) * sizeof(T);
  return (byte_count + kAlignment - 1) / kAlignment * kAlignment;
}

template <class T>
struct PackedDepthwise {
  const T* padding;
  const std::byte* panels;

  PackedDepthwise(const void* packed, const Window& window)
      : padding(static_cast<const T*>(packed)),
        panels(static_cast<const std::byte*>(packed) + padding_row_bytes<T>(window)) {}
};

// For a window that can slide. group: 2 or 4. activation_offset: what is subtracted from the
// activations before they are multiplied, -128 where they are made signed.
void pack_tap_groups(const PackDepthwiseU8S8& p, int32_t group, int32_t activation_offset);

}  // namespace lowbit::kernels

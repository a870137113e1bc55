// The loops around the simd128 depthwise convolutions of any kernel, the same for both precisions:
//
//   for each tile of 2 neighbouring outputs, and each panel of 8 channels
//     accumulate along the taps (the sums of 2 x 8 stay in registers), then the output stage
//
// In the interior of the image, tap t of every output is at a fixed distance from the output's
// first tap: one table of offsets serves all. At the border each tap has its own pointer, and taps
// outside the image point to a row of padding.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/depthwise/packing.h"
#include "kernels/output_simd128.h"
#include "kernels/packed.h"

namespace lowbit::kernels {

// Two, not four: V8's compiler moves all loads of a loop's body to its front, and what they load
// must fit the registers beside the sums (measured: 4 outputs are 25 % slower).
inline constexpr int32_t kTileOutputs = 2;

// The running sums of the outputs of a tile, for one panel of channels.
struct DepthwiseTile {
  Lanes8 sum[kTileOutputs];
};

template <class T>
struct InteriorTaps {
  const T* first[kTileOutputs];
  const int32_t* offsets;

  const T* at(int32_t tap, int output) const { return first[output] + offsets[tap]; }
};

template <class T>
struct BorderTaps {
  const T* (*pointers)[kTileOutputs];
  int32_t channel;

  const T* at(int32_t tap, int output) const { return pointers[tap][output] + channel; }
};

// A Kernel is one precision: the type Source, kHeaderBytes and panel_bytes(taps) of its panels, and
//   weights_offset(tap)     bytes from a panel's first weight to those of an even tap
//   accumulate(tile, taps, count, weights)     adds the products of `count` taps, 8 channels
//   finish(sums, panel, index, count)          output stage: `count` channels, to output[index]
template <class Kernel>
class TiledDepthwise {
 public:
  using Source = typename Kernel::Source;

  TiledDepthwise(const Kernel& kernel, const Window& window, const Source* input,
                 const void* packed)
      : kernel_(kernel),
        w_(window),
        input_(input),
        packed_(packed, window),
        taps_(window.kernel_h * window.kernel_w),
        panel_bytes_(static_cast<ptrdiff_t>(Kernel::panel_bytes(taps_))),
        has_interior_(taps_ <= kGroupTaps &&
                      (window.kernel_h - 1) * window.dilation_h < window.input_h &&
                      (window.kernel_w - 1) * window.dilation_w < window.input_w) {
    if (has_interior_) fill_offsets();
  }

  void run() {
    const int32_t count = w_.batch * w_.output_h * w_.output_w;
    Output next = {.y = -w_.pad_top, .x = -w_.pad_left};
    for (int32_t i = 0; i < count; i += kTileOutputs) {
      for (int32_t j = 0; j < kTileOutputs; ++j) {
        outputs_[j] = next;
        if (next.index + 1 < count) advance(next);  // a last tile repeats the last output
      }
      if (is_interior()) {
        convolve_interior();
      } else {
        convolve_border();
      }
    }
  }

 private:
  static constexpr int32_t kGroupChannels = 256;
  static constexpr int32_t kGroupTaps = 64;

  struct Output {
    int32_t index = 0;
    int32_t image = 0;
    int32_t y = 0;  // of its first tap, in the input
    int32_t x = 0;
  };

  void fill_offsets() {
    for (int32_t tap = 0; tap < taps_; ++tap) {
      const int32_t y = tap / w_.kernel_w * w_.dilation_h;
      const int32_t x = tap % w_.kernel_w * w_.dilation_w;
      offsets_[tap] = (y * w_.input_w + x) * w_.channels;
    }
  }

  void advance(Output& output) const {
    ++output.index;
    output.x += w_.stride_w;
    if (output.x + w_.pad_left < w_.output_w * w_.stride_w) return;
    output.x = -w_.pad_left;
    output.y += w_.stride_h;
    if (output.y + w_.pad_top < w_.output_h * w_.stride_h) return;
    output.y = -w_.pad_top;
    ++output.image;
  }

  bool is_interior() const {
    const Output& first = outputs_[0];
    const Output& last = outputs_[kTileOutputs - 1];
    return has_interior_ && first.image == last.image && first.y == last.y && first.y >= 0 &&
           first.x >= 0 && first.y + (w_.kernel_h - 1) * w_.dilation_h < w_.input_h &&
           last.x + (w_.kernel_w - 1) * w_.dilation_w < w_.input_w;
  }

  const Source* pixel(int32_t image, int32_t y, int32_t x) const {
    return input_ + ((ptrdiff_t{image} * w_.input_h + y) * w_.input_w + x) * w_.channels;
  }

  void convolve_interior() {
    InteriorTaps<Source> taps;
    taps.offsets = offsets_;
    for (int j = 0; j < kTileOutputs; ++j) {
      taps.first[j] = pixel(outputs_[j].image, outputs_[j].y, outputs_[j].x);
    }
    const std::byte* panel = packed_.panels;
    for (int32_t channel = 0; channel < w_.channels; channel += kPanelColumns) {
      DepthwiseTile tile = biases(panel);
      kernel_.accumulate(tile, taps, taps_, panel + Kernel::kHeaderBytes);
      finish(tile, panel, channel);
      panel += panel_bytes_;
      for (const Source*& first : taps.first) first += kPanelColumns;
    }
  }

  void convolve_border() {
    for (int32_t channel0 = 0; channel0 < w_.channels; channel0 += kGroupChannels) {
      for (int32_t tap0 = 0; tap0 < taps_; tap0 += kGroupTaps) {
        const int32_t tap_count = std::min(kGroupTaps, taps_ - tap0);
        point_to_taps(channel0, tap0, tap_count);
        convolve_group(channel0, tap0, tap_count);
      }
    }
  }

  void point_to_taps(int32_t channel0, int32_t tap0, int32_t tap_count) {
    for (int j = 0; j < kTileOutputs; ++j) {
      const Output& output = outputs_[j];
      for (int32_t i = 0; i < tap_count; ++i) {
        const int32_t y = output.y + (tap0 + i) / w_.kernel_w * w_.dilation_h;
        const int32_t x = output.x + (tap0 + i) % w_.kernel_w * w_.dilation_w;
        const bool inside = y >= 0 && y < w_.input_h && x >= 0 && x < w_.input_w;
        pointers_[i][j] = inside ? pixel(output.image, y, x) + channel0 : packed_.padding;
      }
    }
  }

  void convolve_group(int32_t channel0, int32_t tap0, int32_t tap_count) {
    const int32_t channel_count = std::min(kGroupChannels, w_.channels - channel0);
    for (int32_t channel = 0; channel < channel_count; channel += kPanelColumns) {
      const std::byte* panel = packed_.panels + (channel0 + channel) / kPanelColumns * panel_bytes_;
      DepthwiseTile tile = tap0 == 0 ? biases(panel) : saved_[channel / kPanelColumns];
      kernel_.accumulate(tile, BorderTaps<Source>{pointers_, channel}, tap_count,
                         panel + Kernel::kHeaderBytes + Kernel::weights_offset(tap0));
      if (tap0 + tap_count == taps_) {
        finish(tile, panel, channel0 + channel);
      } else {
        saved_[channel / kPanelColumns] = tile;
      }
    }
  }

  static DepthwiseTile biases(const std::byte* panel) {
    DepthwiseTile tile;
    for (Lanes8& sum : tile.sum) sum = load_lanes8(panel);
    return tile;
  }

  void finish(const DepthwiseTile& tile, const std::byte* panel, int32_t channel) const {
    const int32_t count = std::min(kPanelColumns, w_.channels - channel);
    for (int j = 0; j < kTileOutputs; ++j) {
      kernel_.finish(tile.sum[j], panel, ptrdiff_t{outputs_[j].index} * w_.channels + channel,
                     count);
    }
  }

  const Kernel kernel_;
  const Window w_;
  const Source* input_;
  const PackedDepthwise<Source> packed_;
  int32_t taps_;
  ptrdiff_t panel_bytes_;
  bool has_interior_;

  Output outputs_[kTileOutputs];
  int32_t offsets_[kGroupTaps];
  const Source* pointers_[kGroupTaps][kTileOutputs];
  DepthwiseTile saved_[kGroupChannels / kPanelColumns];
};

}  // namespace lowbit::kernels

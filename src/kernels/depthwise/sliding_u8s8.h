// INT8: the inputs of a group of taps (tap_groups.h) are interleaved channel by channel, once, and
// one dot product then multiplies and adds the group for four channels, exactly.
#pragma once

#include "kernels/depthwise/sliding.h"
#include "kernels/depthwise/tap_groups.h"

namespace lowbit::kernels {

// Dot is one dot product:
//   kGroup                  taps of a group
//   load(source)            eight activations, as bytes
//   interleave(x)           kGroup inputs of eight channels, as add() takes them
//   add(sum, x, weights)    sum + the dot products
template <class Dot, int kKernelSize>
class SlidingU8S8 {
 public:
  using Source = uint8_t;
  using Sum = Lanes8;
  static constexpr int kSize = kKernelSize;
  static constexpr int32_t kChannels = kPanelColumns;

 private:
  static constexpr int kGroup = Dot::kGroup;
  static constexpr TapGroups kGroups = {.size = kSize, .group = kGroup};
  static constexpr bool kHasAcross = kGroups.rows_across() > 0;

 public:
  static constexpr size_t panel_bytes() {
    return kPanelHeaderBytesU8S8 + static_cast<size_t>(kGroups.count()) * 32;
  }

  struct Weights {
    Lanes8 bias;
    Lanes8 multipliers;
    Lanes8 groups[kGroups.count()];

    Weights(const std::byte* panel, int32_t)
        : bias(load_lanes8(panel)), multipliers(load_lanes8(panel + kPanelMultiplierOffset)) {
      panel += kPanelHeaderBytesU8S8;
      for (Lanes8& group : groups) {
        group = load_lanes8(panel);
        panel += 32;
      }
    }
  };

  // Before the first column there is nothing; what stands for it is multiplied by no weight.
  struct Column {
    Lanes8 down[kGroups.groups_per_column()];
    Lanes8 across;
    v128_t first_row[kGroup] = {};  // the last inputs of it, the latest at the end

    [[gnu::always_inline]] void advance(const uint8_t* const (&rows)[kSize]) {
      if constexpr (kHasAcross) {
        unroll<kGroup - 1>([&](auto j)
                               __attribute__((always_inline)) { first_row[j] = first_row[j + 1]; });
        first_row[kGroup - 1] = Dot::load(rows[0]);
        across = Dot::interleave(first_row);
      }
      unroll<kGroups.groups_per_column()>([&](auto i) __attribute__((always_inline)) {
        v128_t x[kGroup];
        unroll<kGroup>([&](auto j) __attribute__((always_inline)) {
          constexpr Tap tap = kGroups.tap(kGroups.column_group(0, i), j);
          if constexpr (kGroups.contains(tap)) {
            x[j] = Dot::load(rows[tap.y]);
          } else {
            x[j] = wasm_i8x16_splat(0);
          }
        });
        down[i] = Dot::interleave(x);
      });
    }
  };

  explicit SlidingU8S8(const DepthwiseU8S8& d)
      : output_(d.output), requantizer_(d.output_zero_point, d.qmin, d.qmax, d.is_bounded) {}

  template <int kx>
  [[gnu::always_inline]] static void add(Sum& sum, const Weights& weights, const Column& column) {
    unroll<kGroups.groups_per_column()>([&](auto i) __attribute__((always_inline)) {
      sum = Dot::add(sum, column.down[i], weights.groups[kGroups.column_group(kx, i)]);
    });
    if constexpr (kHasAcross && kx % kGroup == 0) {
      sum = Dot::add(sum, column.across, weights.groups[kGroups.row_group(kx)]);
    }
  }

  void finish(const Sum& sum, const Weights& weights, ptrdiff_t index, int32_t count) const {
    requantizer_.store(output_ + index, sum, weights.multipliers, count);
  }

 private:
  uint8_t* output_;
  Requantizer requantizer_;
};

}  // namespace lowbit::kernels

#include "kernels/depthwise/packing.h"

#include <algorithm>
#include <cstring>

#include "kernels/depthwise/tap_groups.h"
#include "kernels/kernels.h"
#include "kernels/packed.h"

namespace lowbit::kernels {
namespace {

int32_t tap_count(const Window& w) { return w.kernel_h * w.kernel_w; }

// [taps][channels]
template <class T>
WeightMatrix<T> by_tap(const T* weights, const Window& w) {
  return {.weights = weights,
          .rows = tap_count(w),
          .columns = w.channels,
          .row_stride = w.channels,
          .column_stride = 1};
}

// Returns where the panels begin.
template <class T>
void* pack_padding(const Window& w, T value, void* packed) {
  const size_t byte_count = padding_row_bytes<T>(w);
  std::fill_n(static_cast<T*>(packed), byte_count / sizeof(T), value);
  return part<std::byte>(packed, byte_count);
}

size_t sliding_panel_bytes(const TapGroups& groups) {
  return kPanelHeaderBytesU8S8 + static_cast<size_t>(groups.count()) * 32;
}

// T: int16_t in pairs, int8_t in fours.
template <class T>
void pack_groups_of(const PackDepthwiseU8S8& p, int32_t zero_point, void* panels) {
  const int32_t channels = p.window.channels;
  constexpr int32_t kGroup = 4 / sizeof(T);
  const TapGroups groups{.size = p.window.kernel_w, .group = kGroup};
  std::memset(panels, 0, panels_bytes(channels, sliding_panel_bytes(groups)));
  for (int32_t channel = 0; channel < channels; ++channel) {
    const auto panel_index = static_cast<size_t>(channel / kPanelColumns);
    void* panel = part<std::byte>(panels, panel_index * sliding_panel_bytes(groups));
    const int32_t lane = channel % kPanelColumns;
    T* target = part<T>(panel, kPanelHeaderBytesU8S8) + lane * kGroup;
    int32_t sum = 0;
    for (int32_t g = 0; g < groups.count(); ++g, target += kPanelColumns * kGroup) {
      for (int32_t j = 0; j < kGroup; ++j) {
        const Tap tap = groups.tap(g, j);
        if (!groups.contains(tap)) continue;
        target[j] = p.weights[ptrdiff_t{tap.y * groups.size + tap.x} * channels + channel];
        sum += target[j];
      }
    }
    part<int32_t>(panel, 0)[lane] = (p.bias == nullptr ? 0 : p.bias[channel]) - zero_point * sum;
    part<float>(panel, kPanelMultiplierOffset)[lane] = p.multiplier[channel];
  }
}

}  // namespace

size_t packed_depthwise_f32_bytes(Tier tier, const Window& w) {
  if (tier == Tier::kReference) return packed_f32_bytes(tier, w.channels, tap_count(w));
  return saturate(uint64_t{padding_row_bytes<float>(w)} +
                  panels_bytes(w.channels, panel_bytes_f32(tap_count(w))));
}

size_t packed_depthwise_u8s8_bytes(Tier tier, const Window& w) {
  if (tier == Tier::kReference) return packed_u8s8_bytes(tier, w.channels, tap_count(w));
  const bool has_dot = tier == Tier::kRelaxedU || tier == Tier::kRelaxedS;
  const bool in_fours = has_dot && can_slide_in_fours(w);
  const TapGroups groups{.size = w.kernel_w, .group = in_fours ? 4 : 2};
  const uint64_t panel_bytes =
      can_slide(w) ? sliding_panel_bytes(groups) : panel_bytes_u8s8(tap_count(w));
  return saturate(uint64_t{padding_row_bytes<uint8_t>(w)} + panels_bytes(w.channels, panel_bytes));
}

void pack_tap_groups(const PackDepthwiseU8S8& p, int32_t group, int32_t activation_offset) {
  const auto padding = static_cast<uint8_t>(p.input_zero_point);
  void* panels = pack_padding(p.window, padding, p.packed);
  const int32_t zero_point = p.input_zero_point + activation_offset;
  if (group == 2) {
    pack_groups_of<int16_t>(p, zero_point, panels);
  } else {
    pack_groups_of<int8_t>(p, zero_point, panels);
  }
}

void pack_depthwise_f32__reference(const PackDepthwiseF32& p) {
  pack_reference_f32(by_tap(p.weights, p.window), p.bias, p.packed);
}

void pack_depthwise_f32__simd128(const PackDepthwiseF32& p) {
  pack_panels_f32(by_tap(p.weights, p.window), p.bias, pack_padding(p.window, 0.0f, p.packed));
}

void pack_depthwise_u8s8__reference(const PackDepthwiseU8S8& p) {
  pack_reference_u8s8(by_tap(p.weights, p.window), p.bias, p.multiplier, p.input_zero_point,
                      p.packed);
}

void pack_depthwise_u8s8__simd128(const PackDepthwiseU8S8& p) {
  if (can_slide(p.window)) {
    pack_tap_groups(p, 2, 0);
  } else {
    const auto padding = static_cast<uint8_t>(p.input_zero_point);
    pack_panels_u8s8(by_tap(p.weights, p.window), p.bias, p.multiplier, p.input_zero_point,
                     pack_padding(p.window, padding, p.packed));
  }
}

}  // namespace lowbit::kernels

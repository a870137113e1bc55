#include "kernels/kernels.h"
#include "kernels/packed.h"

namespace lowbit::kernels {
namespace {

// [taps][channels]
template <class T>
WeightMatrix<T> by_tap(const T* weights, int32_t channels, int32_t taps) {
  return {.weights = weights,
          .rows = taps,
          .columns = channels,
          .row_stride = channels,
          .column_stride = 1};
}

}  // namespace

size_t packed_depthwise_f32_bytes(Tier tier, int32_t channels, int32_t taps) {
  return packed_f32_bytes(tier, channels, taps);
}

size_t packed_depthwise_u8s8_bytes(Tier tier, int32_t channels, int32_t taps) {
  return packed_u8s8_bytes(tier, channels, taps);
}

void pack_depthwise_f32__reference(const PackDepthwiseF32& p) {
  pack_reference_f32(by_tap(p.weights, p.channels, p.taps), p.bias, p.packed);
}

void pack_depthwise_f32__simd128(const PackDepthwiseF32& p) {
  pack_panels_f32(by_tap(p.weights, p.channels, p.taps), p.bias, p.packed);
}

void pack_depthwise_u8s8__reference(const PackDepthwiseU8S8& p) {
  pack_reference_u8s8(by_tap(p.weights, p.channels, p.taps), p.bias, p.multiplier,
                      p.input_zero_point, p.packed);
}

void pack_depthwise_u8s8__simd128(const PackDepthwiseU8S8& p) {
  pack_panels_u8s8(by_tap(p.weights, p.channels, p.taps), p.bias, p.multiplier, p.input_zero_point,
                   p.packed);
}

}  // namespace lowbit::kernels

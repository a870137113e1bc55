// The depthwise convolutions of every tier against the reference: integers bit for bit, floats
// within a derived bound.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "qmath/requantize.h"
#include "support/buffers.h"
#include "support/packed_weights.h"
#include "support/tiers.h"
#include "tensor/tensor.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::PackedWeights;
using test::same_floats;
using test::simd_tiers;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Geometries that meet every branch: interior and border tiles, tiles across rows and images,
// strides, dilation, kernels larger than the image, windows wholly in the padding, and more taps
// than one table of offsets holds.
std::vector<Window> geometries() {
  std::vector<Window> windows;
  const auto add = [&](int32_t batch, int32_t image, int32_t kernel_h, int32_t kernel_w,
                       int32_t stride, int32_t dilation, int32_t pad, int32_t pad_end) {
    Window w;
    w.batch = batch;
    w.input_h = image;
    w.input_w = image + 2;
    w.kernel_h = kernel_h;
    w.kernel_w = kernel_w;
    w.stride_h = w.stride_w = stride;
    w.dilation_h = w.dilation_w = dilation;
    w.pad_top = w.pad_left = pad;
    w.output_h = (image + pad + pad_end - (kernel_h - 1) * dilation - 1) / stride + 1;
    w.output_w = (image + 2 + pad + pad_end - (kernel_w - 1) * dilation - 1) / stride + 1;
    windows.push_back(w);
  };
  add(1, 10, 3, 3, 1, 1, 1, 1);
  add(2, 11, 3, 3, 2, 1, 1, 1);
  add(1, 12, 3, 3, 2, 1, 0, 1);
  add(3, 4, 3, 3, 1, 1, 1, 1);
  add(1, 9, 3, 3, 1, 2, 2, 2);
  add(1, 9, 5, 5, 1, 1, 2, 2);
  add(1, 12, 5, 5, 2, 1, 2, 2);
  add(2, 7, 7, 7, 1, 1, 0, 0);
  add(1, 7, 1, 1, 1, 1, 0, 0);
  add(1, 8, 1, 4, 1, 1, 0, 0);
  add(1, 8, 2, 3, 1, 1, 1, 0);
  add(1, 3, 5, 5, 1, 1, 2, 2);
  add(1, 2, 3, 3, 1, 3, 3, 3);
  add(1, 2, 3, 3, 1, 1, 3, 3);
  add(2, 3, 3, 3, 2, 1, 3, 3);
  add(1, 13, 13, 11, 1, 1, 3, 3);
  add(2, 5, 3, 3, 1, 1, 1, 1);
  return windows;
}

// A window whose stride differs between the axes, as does its padding.
Window lopsided() {
  return {.batch = 2,
          .input_h = 7,
          .input_w = 12,
          .output_h = 7,
          .output_w = 4,
          .kernel_h = 3,
          .kernel_w = 5,
          .stride_h = 1,
          .stride_w = 3,
          .pad_top = 1,
          .pad_left = 2};
}

// The sizes of the sliding kernels, at the strides that slide and one that does not, over images as
// narrow as a column, each side padded by its own amount.
std::vector<Window> sliding() {
  std::vector<Window> windows;
  for (const int32_t kernel : {3, 5}) {
    for (const int32_t stride : {1, 2, 3}) {
      for (const int32_t width : {1, 2, 3, 5, 8}) {
        for (const int32_t pad : {0, 1, kernel}) {
          Window w{.input_h = 4, .input_w = width, .kernel_h = kernel, .kernel_w = kernel};
          w.stride_h = width % 2 + 1;
          w.stride_w = stride;
          w.dilation_h = width == 3 ? 2 : 1;
          w.pad_top = 2 * (kernel - 1);
          w.pad_left = pad;
          const int32_t pad_right = kernel - 1 - pad % 2;
          w.output_h = (w.input_h + w.pad_top - (kernel - 1) * w.dilation_h - 1) / w.stride_h + 1;
          w.output_w = (width + pad + pad_right - kernel) / stride + 1;
          windows.push_back(w);
        }
      }
    }
  }
  return windows;
}

size_t input_count(const Window& w) {
  return static_cast<size_t>(w.batch * w.input_h * w.input_w * w.channels);
}
size_t output_count(const Window& w) {
  return static_cast<size_t>(w.batch * w.output_h * w.output_w * w.channels);
}
size_t weight_count(const Window& w) {
  return static_cast<size_t>(w.kernel_h * w.kernel_w * w.channels);
}

template <class Visit>
void for_each_window(Visit visit) {
  std::vector<Window> windows = geometries();
  windows.push_back(lopsided());
  for (Window& w : windows) {
    for (const int32_t channels : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 24, 31, 33}) {
      w.channels = channels;
      visit(w);
    }
  }
  for (Window& w : sliding()) {
    for (const int32_t channels : {1, 3, 4, 6, 8, 17}) {
      w.channels = channels;
      visit(w);
    }
  }
  for (const size_t i :
       {size_t{0}, size_t{5},
        size_t{15}}) {  // more channels, and taps, than one group of the border has
    windows[i].channels = 300;
    visit(windows[i]);
  }
}

struct IntegerCase {
  DepthwiseU8S8 convolution = {};  // window, input, and the output's parameters
  std::vector<int8_t> weights;
  std::vector<int32_t> bias = {};  // empty for none
  std::vector<float> multiplier = {};
};

std::vector<uint8_t> run(Tier tier, const IntegerCase& test) {
  const KernelTable kernels = kernel_table(tier);
  DepthwiseU8S8 convolution = test.convolution;
  const Window& w = convolution.window;
  PackedWeights packed(packed_depthwise_u8s8_bytes(tier, w));
  kernels.pack_depthwise_u8s8({.window = w,
                               .weights = test.weights.data(),
                               .bias = test.bias.empty() ? nullptr : test.bias.data(),
                               .multiplier = test.multiplier.data(),
                               .input_zero_point = convolution.input_zero_point,
                               .packed = packed.data()});
  Guarded<uint8_t> output(output_count(w));
  convolution.packed = packed.data();
  convolution.output = output.data();
  kernels.depthwise_u8s8(convolution);
  CHECK(output.intact());
  return output.values();
}

void compare_u8s8(Random& random, const Window& w, bool extremes) {
  CAPTURE(w.input_h);
  CAPTURE(w.kernel_h);
  CAPTURE(w.kernel_w);
  CAPTURE(w.stride_h);
  CAPTURE(w.stride_w);
  CAPTURE(w.pad_left);
  CAPTURE(w.channels);
  std::vector<uint8_t> input = test::random_bytes(random, input_count(w));
  std::vector<int8_t> weights(weight_count(w));
  for (int8_t& weight : weights) weight = static_cast<int8_t>(random.next());
  if (extremes) {
    for (uint8_t& x : input) x = x < 128 ? 0 : 255;
    for (int8_t& weight : weights) weight = weight < 0 ? -128 : 127;
  }
  input.resize(input.size() + Buffer::kSlackBytes, 0xee);
  const float spread = std::sqrt(static_cast<float>(w.kernel_h * w.kernel_w)) * 74.0f * 128.0f;
  IntegerCase test{.weights = weights};
  for (int32_t c = 0; c < w.channels; ++c) {
    test.bias.push_back(static_cast<int32_t>(random.uniform(-spread, spread)));
    test.multiplier.push_back(random.uniform(0.1f, 2.0f) * 100.0f / spread);
    if (extremes && c % 2 == 0) {
      test.bias.back() = c % 4 == 0 ? 1 << 30 : -(1 << 30);
      test.multiplier.back() = 2e-7f;
    }
  }
  if (random.below(4) == 0) test.bias.clear();
  constexpr int32_t kZeroPoints[] = {0, 128, 255, 3};
  test.convolution = {.window = w,
                      .input = input.data(),
                      .input_zero_point = kZeroPoints[random.below(4)],
                      .output_zero_point = kZeroPoints[random.below(4)]};
  if (random.below(3) == 0) {
    test.convolution.qmin = 3;
    test.convolution.qmax = 140;
  }
  const std::vector<uint8_t> expected = run(Tier::kReference, test);
  for (const Tier tier : simd_tiers()) {
    CAPTURE(tier_name(tier));
    for (const bool is_bounded : {false, true}) {
      test.convolution.is_bounded = is_bounded;
      CHECK(run(tier, test) == expected);
    }
  }
}

TEST_CASE("depthwise_u8s8: every tier gives the reference's integers for every geometry") {
  Random random(1);
  for_each_window([&](const Window& w) { compare_u8s8(random, w, false); });
}

TEST_CASE("depthwise_u8s8: extreme operands, weights of -128 and biases of +-2^30") {
  Random random(2);
  for_each_window([&](const Window& w) { compare_u8s8(random, w, true); });
}

TEST_CASE("depthwise_u8s8: a window wholly in the padding gives the requantized bias") {
  const Window w{.channels = 9, .output_w = 2, .stride_w = 5};
  std::vector<uint8_t> input(9 + Buffer::kSlackBytes, 200);
  IntegerCase test{.weights = std::vector<int8_t>(9, 100),
                   .bias = std::vector<int32_t>(9, 1234),
                   .multiplier = std::vector<float>(9, 0.01f)};
  test.convolution = {
      .window = w, .input = input.data(), .input_zero_point = 7, .output_zero_point = 30};
  std::vector<Tier> tiers = simd_tiers();
  tiers.push_back(Tier::kReference);
  for (const Tier tier : tiers) {
    const std::vector<uint8_t> output = run(tier, test);
    CHECK(output[0] == requantize(1234 + 193 * 100, 0.01f, 30, 0, 255));
    CHECK(output[9] == requantize(1234, 0.01f, 30, 0, 255));
  }
}

struct FloatCase {
  DepthwiseF32 convolution = {};
  std::vector<float> weights;
  std::vector<float> bias = {};  // empty for none
};

std::vector<float> run(
    Tier tier, const FloatCase& test,
    void (*KernelTable::*kernel)(const DepthwiseF32&) = &KernelTable::depthwise_f32) {
  const KernelTable kernels = kernel_table(tier);
  DepthwiseF32 convolution = test.convolution;
  const Window& w = convolution.window;
  PackedWeights packed(packed_depthwise_f32_bytes(tier, w));
  kernels.pack_depthwise_f32({.window = w,
                              .weights = test.weights.data(),
                              .bias = test.bias.empty() ? nullptr : test.bias.data(),
                              .packed = packed.data()});
  Guarded<float> output(output_count(w));
  convolution.packed = packed.data();
  convolution.output = output.data();
  (kernels.*kernel)(convolution);
  CHECK(output.intact());
  return output.values();
}

// Small integers: every sum is exact in float32, whatever its order. The slack is NaN and must not
// reach a sum.
TEST_CASE("depthwise_f32: every tier gives the reference's floats exactly where sums are exact") {
  Random random(3);
  const auto small = [&] { return static_cast<float>(static_cast<int32_t>(random.below(17)) - 8); };
  for_each_window([&](const Window& w) {
    CAPTURE(w.input_h);
    CAPTURE(w.kernel_h);
    CAPTURE(w.channels);
    std::vector<float> input(input_count(w));
    std::generate(input.begin(), input.end(), small);
    input.resize(input.size() + Buffer::kSlackBytes / sizeof(float), kNaN);
    FloatCase test{.weights = std::vector<float>(weight_count(w))};
    std::generate(test.weights.begin(), test.weights.end(), small);
    if (random.below(4) != 0) {
      test.bias.resize(static_cast<size_t>(w.channels));
      std::generate(test.bias.begin(), test.bias.end(), small);
    }
    const bool clamped = random.below(2) == 0;
    test.convolution = {.window = w,
                        .input = input.data(),
                        .min = clamped ? 0.0f : -kInfinity,
                        .max = clamped ? 6.0f : kInfinity};
    const std::vector<float> expected = run(Tier::kReference, test);
    for (const Tier tier : {Tier::kSimd128, simd_tiers().back()}) {
      CAPTURE(tier_name(tier));
      CHECK(same_floats(run(tier, test), expected));
    }
  });
}

// Twice the error bound of one sum of n = taps + 1 terms, each at most 1: 2 (n + 1) u n, u = 2^-24
// (see matmul_test.cpp).
TEST_CASE("depthwise_f32: every tier stays within the error bound of a sum in any order") {
  Random random(4);
  Window w = geometries()[5];
  w.channels = 21;
  std::vector<float> input = test::random_floats(random, input_count(w), -1.0f, 1.0f);
  input.resize(input.size() + Buffer::kSlackBytes / sizeof(float), kNaN);
  FloatCase test{.weights = test::random_floats(random, weight_count(w), -1.0f, 1.0f),
                 .bias = test::random_floats(random, 21, -1.0f, 1.0f)};
  test.convolution = {.window = w, .input = input.data(), .min = -kInfinity, .max = kInfinity};
  const std::vector<float> reference = run(Tier::kReference, test);
  const double terms = w.kernel_h * w.kernel_w + 1;
  for (const Tier tier : {Tier::kSimd128, simd_tiers().back()}) {
    CAPTURE(tier_name(tier));
    const std::vector<float> simd = run(tier, test);
    for (size_t i = 0; i < simd.size(); ++i) {
      CHECK(std::fabs(double{simd[i]} - double{reference[i]}) <= 2 * (terms + 1) * 0x1p-24 * terms);
    }
  }
}

TEST_CASE("depthwise_f32s8: every tier gives the reference's floats, bit for bit") {
  Random random(5);
  for_each_window([&](const Window& w) {
    CAPTURE(w.input_h);
    CAPTURE(w.kernel_h);
    CAPTURE(w.channels);
    std::vector<float> input = test::random_floats(random, input_count(w), -1.0f, 1.0f);
    input.resize(input.size() + Buffer::kSlackBytes / sizeof(float), kNaN);
    FloatCase test{
        .weights = test::random_floats(random, weight_count(w), -1.0f, 1.0f),
        .bias = test::random_floats(random, static_cast<size_t>(w.channels), -1.0f, 1.0f)};
    test.convolution = {.window = w, .input = input.data(), .min = -kInfinity, .max = 0.5f};
    const auto reference = run(Tier::kReference, test, &KernelTable::depthwise_f32s8);
    for (const Tier tier : simd_tiers()) {
      CAPTURE(tier_name(tier));
      CHECK(same_floats(run(tier, test, &KernelTable::depthwise_f32s8), reference));
    }
  });
}

}  // namespace
}  // namespace lowbit::kernels

#include <doctest/doctest.h>

#include <limits>

#include "kernels/kernels.h"
#include "support/buffers.h"
#include "tensor/tensor.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::random_bytes;
using test::random_floats;
using test::same_floats;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct Case {
  Window window;
  int32_t pad_bottom = 0;
  int32_t pad_right = 0;
};

size_t input_count(const Window& w) {
  return static_cast<size_t>(w.batch * w.input_h * w.input_w * w.channels);
}
size_t output_count(const Window& w) {
  return static_cast<size_t>(w.batch * w.output_h * w.output_w * w.channels);
}

// Geometries that meet every branch: odd sizes, paddings of all four sides, dilation, a window
// larger than the image, one wholly in the padding, and outputs that ceil_mode places beyond the
// padding.
std::vector<Case> geometries() {
  std::vector<Case> cases;
  const auto add = [&](int32_t image, int32_t kernel, int32_t stride, int32_t dilation, int32_t pad,
                       int32_t pad_end, int32_t extra) {
    Window w;
    w.batch = 2;
    w.input_h = image;
    w.input_w = image + 2;
    w.kernel_h = kernel;
    w.kernel_w = kernel == 1 ? 1 : kernel - 1;
    w.stride_h = w.stride_w = stride;
    w.dilation_h = w.dilation_w = dilation;
    w.pad_top = pad;
    w.pad_left = pad;
    const auto outputs = [&](int32_t input, int32_t k) {
      return (input + pad + pad_end - (k - 1) * dilation - 1) / stride + 1 + extra;
    };
    w.output_h = outputs(w.input_h, w.kernel_h);
    w.output_w = outputs(w.input_w, w.kernel_w);
    cases.push_back({w, pad_end, pad_end});
  };
  add(6, 2, 2, 1, 0, 0, 0);
  add(7, 3, 2, 1, 1, 1, 0);
  add(5, 3, 1, 1, 1, 0, 0);
  add(6, 3, 1, 2, 2, 2, 0);
  add(5, 2, 2, 1, 0, 0, 1);
  add(4, 3, 2, 1, 1, 1, 1);
  add(1, 1, 1, 1, 0, 0, 0);
  add(3, 5, 1, 1, 2, 2, 0);
  add(2, 2, 1, 3, 3, 3, 0);
  add(3, 2, 1, 1, 3, 3, 0);
  return cases;
}

constexpr int32_t kChannels[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 24, 31, 33};

// Calls visit(case, input with the slack that the header promises) over all geometries and channel
// counts.
template <class T, class Make, class Visit>
void for_each_case(Make make_values, Visit visit) {
  for (Case test : geometries()) {
    for (const int32_t channels : kChannels) {
      test.window.channels = channels;
      const std::vector<T> values = make_values(input_count(test.window));
      const auto count = static_cast<int64_t>(values.size());
      auto input = Tensor::from_values<T>(Shape{count}, values);
      REQUIRE(input.ok());
      CAPTURE(channels);
      CAPTURE(test.window.input_h);
      CAPTURE(test.window.kernel_h);
      visit(test, input->template data<T>().data());
    }
  }
}

template <class T, class Args>
std::vector<T> run(void (*kernel)(const Args&), Args args, size_t count) {
  Guarded<T> output(count);
  args.output = output.data();
  kernel(args);
  CHECK(output.intact());
  return output.values();
}

AveragePoolParams random_params(Random& random) {
  AveragePoolParams p;
  p.input_scale = random.uniform(0.01f, 0.1f);
  p.output_scale = random.uniform(0.01f, 0.1f);
  p.input_zero_point = static_cast<int32_t>(random.below(256));
  p.output_zero_point = static_cast<int32_t>(random.below(256));
  return p;
}

Window square_window(int32_t size, int32_t pad, int32_t output) {
  Window w;
  w.input_h = w.input_w = size;
  w.kernel_h = w.kernel_w = size;
  w.pad_top = w.pad_left = pad;
  w.output_h = w.output_w = output;
  return w;
}

}  // namespace

TEST_CASE("max_pool_f32: both tiers are equal, with NaN and infinities in the image") {
  Random random(1);
  const auto make = [&](size_t count) {
    auto values = random_floats(random, count, -5.0f, 5.0f);
    const float specials[] = {kNaN, kInfinity, -kInfinity, -0.0f, 0.0f};
    for (size_t i = 0; i < count; i += 4) values[i] = specials[(i / 4) % 5];
    return values;
  };
  for_each_case<float>(make, [](const Case& test, const float* input) {
    const MaxPoolF32 args = {test.window, input, nullptr};
    const size_t count = output_count(test.window);
    CHECK(same_floats(run<float>(max_pool_f32__simd128, args, count),
                      run<float>(max_pool_f32__reference, args, count)));
  });
}

TEST_CASE("max_pool_f32: a NaN never wins; padding never wins; no tap at all gives -inf") {
  const auto input = Tensor::from_values<float>(Shape{4}, std::vector<float>{-3, kNaN, -5, -4});
  REQUIRE(input.ok());
  for (const auto kernel : {max_pool_f32__reference, max_pool_f32__simd128}) {
    CHECK(run<float>(kernel, {square_window(2, 0, 1), input->data<float>().data(), nullptr}, 1) ==
          std::vector<float>{-3});
    CHECK(run<float>(kernel, {square_window(2, 2, 1), input->data<float>().data(), nullptr}, 1) ==
          std::vector<float>{-kInfinity});
  }
}

TEST_CASE("max_pool_u8: both tiers give the same integers") {
  Random random(2);
  for_each_case<uint8_t>([&](size_t count) { return random_bytes(random, count); },
                         [](const Case& test, const uint8_t* input) {
                           const MaxPoolU8 args = {test.window, input, nullptr};
                           const size_t count = output_count(test.window);
                           CHECK(run<uint8_t>(max_pool_u8__simd128, args, count) ==
                                 run<uint8_t>(max_pool_u8__reference, args, count));
                         });
}

TEST_CASE("average_pool_f32: both tiers are equal bit for bit, padding counted or not") {
  Random random(3);
  for_each_case<float>([&](size_t count) { return random_floats(random, count, -5.0f, 5.0f); },
                       [](const Case& test, const float* input) {
                         for (const bool count_pad : {false, true}) {
                           const AveragePoolF32 args = {test.window,     input,
                                                        nullptr,         count_pad,
                                                        test.pad_bottom, test.pad_right};
                           const size_t count = output_count(test.window);
                           CHECK(same_floats(run<float>(average_pool_f32__simd128, args, count),
                                             run<float>(average_pool_f32__reference, args, count)));
                         }
                       });
}

TEST_CASE("average_pool_f32: divides by the taps that count") {
  // 2 x 2 windows of stride 2 over a 3 x 3 image with a padding of one row and column before it and
  // ceil_mode's windows after it; the last row and column of outputs are half outside everything.
  Window w;
  w.input_h = w.input_w = 3;
  w.kernel_h = w.kernel_w = 2;
  w.stride_h = w.stride_w = 2;
  w.pad_top = w.pad_left = 1;
  w.output_h = w.output_w = 3;
  const auto input =
      Tensor::from_values<float>(Shape{9}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  REQUIRE(input.ok());
  const float* x = input->data<float>().data();
  for (const auto kernel : {average_pool_f32__reference, average_pool_f32__simd128}) {
    CHECK(run<float>(kernel, {w, x, nullptr, false, 0, 0}, 9) ==
          std::vector<float>{1, 2.5f, 0, 5.5f, 7, 0, 0, 0, 0});
    CHECK(run<float>(kernel, {w, x, nullptr, true, 0, 0}, 9) ==
          std::vector<float>{0.25f, 1.25f, 0, 2.75f, 7, 0, 0, 0, 0});
    CHECK(run<float>(kernel, {w, x, nullptr, true, 1, 1}, 9) ==
          std::vector<float>{0.25f, 1.25f, 0, 2.75f, 7, 0, 0, 0, 0});
  }
}

TEST_CASE(
    "average_pool_u8: both tiers give the same integers, ties included, padding counted or not") {
  Random random(4);
  for_each_case<uint8_t>([&](size_t count) { return random_bytes(random, count); },
                         [&](const Case& test, const uint8_t* input) {
                           AveragePoolParams params = random_params(random);
                           AveragePoolParams tied = params;
                           tied.output_scale = tied.input_scale;
                           tied.output_zero_point = tied.input_zero_point;
                           AveragePoolParams narrow = params;
                           narrow.qmin = 3;
                           narrow.qmax = 12;
                           for (const AveragePoolParams& p : {params, tied, narrow}) {
                             for (const bool count_pad : {false, true}) {
                               const AveragePoolU8 args = {
                                   test.window,     input,          nullptr, count_pad,
                                   test.pad_bottom, test.pad_right, p};
                               const size_t count = output_count(test.window);
                               CHECK(run<uint8_t>(average_pool_u8__simd128, args, count) ==
                                     run<uint8_t>(average_pool_u8__reference, args, count));
                             }
                           }
                         });
}

TEST_CASE("average_pool_u8: no tap at all gives the zero point") {
  const std::vector<uint8_t> image = {10, 20, 30, 40};
  const auto input = Tensor::from_values<uint8_t>(Shape{4}, image);
  REQUIRE(input.ok());
  AveragePoolU8 args;
  args.window = square_window(2, 2, 1);
  args.input = input->data<uint8_t>().data();
  args.params = {0.5f, 0.25f, 7, 99, 0, 255};
  for (const auto kernel : {average_pool_u8__reference, average_pool_u8__simd128}) {
    CHECK(run<uint8_t>(kernel, args, 1) == std::vector<uint8_t>{99});
  }
}

TEST_CASE(
    "global_average_pool_u8: both tiers give the same integers, around the length of a 16-bit "
    "sum") {
  Random random(5);
  for (const int32_t pixels : {1, 2, 49, 256, 257, 258, 513, 514, 515, 1000}) {
    for (const int32_t channels : kChannels) {
      CAPTURE(pixels);
      CAPTURE(channels);
      const auto count = static_cast<size_t>(2 * pixels * channels);
      for (const bool extreme : {false, true}) {
        const auto values =
            extreme ? std::vector<uint8_t>(count, uint8_t{255}) : random_bytes(random, count);
        const auto input = Tensor::from_values<uint8_t>(Shape{static_cast<int64_t>(count)}, values);
        REQUIRE(input.ok());
        const GlobalAveragePoolU8 args = {
            input->data<uint8_t>().data(), nullptr, 2, pixels, channels, random_params(random)};
        const auto outputs = static_cast<size_t>(2 * channels);
        CHECK(run<uint8_t>(global_average_pool_u8__simd128, args, outputs) ==
              run<uint8_t>(global_average_pool_u8__reference, args, outputs));
      }
    }
  }
}

TEST_CASE("global_average_pool_u8: the largest image keeps its sum in int32") {
  const auto input = Tensor::from_values<uint8_t>(
      Shape{kMaxGlobalAverageCount}, std::vector<uint8_t>(kMaxGlobalAverageCount, uint8_t{255}));
  REQUIRE(input.ok());
  const GlobalAveragePoolU8 args = {
      input->data<uint8_t>().data(), nullptr, 1,
      kMaxGlobalAverageCount,        1,       {0.1f, 0.1f, 0, 0, 0, 255}};
  for (const auto kernel : {global_average_pool_u8__reference, global_average_pool_u8__simd128}) {
    CHECK(run<uint8_t>(kernel, args, 1) == std::vector<uint8_t>{255});
  }
}

}  // namespace lowbit::kernels

// Our integers against those that ONNX Runtime computed (make_ort_vectors.py): each entry of
// ort_vectors.inc is a call of one of the functions below, with the seed of its inputs and the
// outputs in hexadecimal.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernels.h"
#include "qmath/quant_params.h"
#include "qmath/rescale.h"
#include "support/buffers.h"

namespace lowbit {
namespace {

using test::random_bytes;

std::vector<uint8_t> from_hex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::vector<uint8_t> inputs(uint64_t seed, size_t count) {
  Random random(seed);
  return random_bytes(random, count);
}

// Runs a kernel's reference (tests/conformance ties the other tiers to it) and compares.
template <class Args>
void check_kernel(void (*kernel)(const Args&), Args args, std::string_view hex) {
  const std::vector<uint8_t> expected = from_hex(hex);
  std::vector<uint8_t> actual(expected.size());
  args.output = actual.data();
  kernel(args);
  CHECK(actual == expected);
}

AveragePoolParams average_params(const ScaleAndZeroPoint& x, const ScaleAndZeroPoint& y) {
  return {x.scale, y.scale, x.zero_point, y.zero_point, 0, 255};
}

void check_add(uint64_t seed, const ScaleAndZeroPoint& a, const ScaleAndZeroPoint& b,
               const ScaleAndZeroPoint& y, std::string_view hex) {
  CAPTURE(seed);
  const auto x0 = inputs(2 * seed, 512);
  const auto x1 = inputs(2 * seed + 1, 512);
  const AddParams params = {
      a.scale / y.scale, b.scale / y.scale, a.zero_point, b.zero_point, y.zero_point, 0, 255};
  check_kernel(kernels::add_u8__reference, {x0.data(), x1.data(), nullptr, 512, params}, hex);
}

void check_average_pool(uint64_t seed, const ScaleAndZeroPoint& x, const ScaleAndZeroPoint& y,
                        int32_t kernel, int32_t stride, int32_t pad, bool count_include_pad,
                        std::string_view hex) {
  CAPTURE(seed);
  const auto image = inputs(seed, 800);
  kernels::AveragePoolU8 args;
  kernels::Window& w = args.window;
  w.batch = 2;
  w.input_h = w.input_w = 20;
  w.kernel_h = w.kernel_w = kernel;
  w.stride_h = w.stride_w = stride;
  w.pad_top = w.pad_left = args.pad_bottom = args.pad_right = pad;
  w.output_h = w.output_w = (20 + 2 * pad - kernel) / stride + 1;
  args.input = image.data();
  args.count_include_pad = count_include_pad;
  args.params = average_params(x, y);
  check_kernel(kernels::average_pool_u8__reference, args, hex);
}

void check_global_average_pool(uint64_t seed, const ScaleAndZeroPoint& x,
                               const ScaleAndZeroPoint& y, int32_t pixels, std::string_view hex) {
  CAPTURE(seed);
  const auto images = inputs(seed, static_cast<size_t>(256 * pixels));
  check_kernel(kernels::global_average_pool_u8__reference,
               {images.data(), nullptr, 256, pixels, 1, average_params(x, y)}, hex);
}

void check_softmax(uint64_t seed, const ScaleAndZeroPoint& x, std::string_view hex) {
  CAPTURE(seed);
  const auto logits = inputs(seed, 500);
  const auto table = softmax_table(x.scale);
  check_kernel(kernels::softmax_u8__reference,
               {logits.data(), nullptr, 50, 10, {.table = table.data()}}, hex);
}

void check_concat(uint64_t seed, const ScaleAndZeroPoint& x, const ScaleAndZeroPoint& y,
                  std::string_view hex) {
  CAPTURE(seed);
  const auto values = inputs(seed, 256);
  const auto table = rescale_table({x.scale, y.scale, x.zero_point, y.zero_point, 0, 255});
  check_kernel(kernels::lookup_u8__reference, {values.data(), table.data(), nullptr, 1, 256, 256},
               hex);
}

}  // namespace

TEST_CASE(
    "ONNX Runtime: Add, AveragePool, GlobalAveragePool, Softmax and Concat give our integers") {
#include "golden/ort_vectors.inc"
}

}  // namespace lowbit

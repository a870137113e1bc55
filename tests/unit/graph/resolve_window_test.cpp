#include <doctest/doctest.h>

#include "graph/shape_inference.h"
#include "support/must.h"

using namespace lowbit;
using lowbit::test::must;

namespace {

// A window that is the same along both axes, over a square image.
struct Case {
  int64_t extent;
  int64_t kernel;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;
  AutoPad auto_pad = AutoPad::kNotSet;
  bool ceil_mode = false;
};

Result<ResolvedWindow> resolve(const Case& c) {
  const WindowAttributes window{.kernel = {c.kernel, c.kernel},
                                .stride = {c.stride, c.stride},
                                .dilation = {c.dilation, c.dilation},
                                .padding = {c.pad_begin, c.pad_begin, c.pad_end, c.pad_end},
                                .auto_pad = c.auto_pad};
  return resolve_window(window, c.extent, c.extent, c.ceil_mode);
}

int64_t output_of(const Case& c) {
  const ResolvedWindow resolved = must(resolve(c));
  CHECK(resolved.output_h == resolved.output_w);
  return resolved.output_h;
}

// ONNX's definition by counting: windows start at every multiple of the stride as long as they fit;
// with ceil_mode one more may start where it does not fit any more, unless that lies in the padding
// at the end.
int64_t count_windows(const Case& c) {
  const int64_t padded = c.extent + c.pad_begin + c.pad_end;
  const int64_t reach = (c.kernel - 1) * c.dilation + 1;
  int64_t start = 0;
  int64_t count = 0;
  for (; start + reach <= padded; start += c.stride) ++count;
  const bool covers_end = start - c.stride + reach == padded;
  if (c.ceil_mode && !covers_end && start < c.extent + c.pad_begin) ++count;
  return count;
}

}  // namespace

TEST_CASE("Output extents agree with counting the windows") {
  for (int64_t extent = 1; extent <= 9; ++extent) {
    for (int64_t kernel = 1; kernel <= 4; ++kernel) {
      for (int64_t stride = 1; stride <= 4; ++stride) {
        for (int64_t dilation = 1; dilation <= 2; ++dilation) {
          for (int64_t pad_begin = 0; pad_begin < kernel; ++pad_begin) {
            for (int64_t pad_end = 0; pad_end < kernel; ++pad_end) {
              for (const bool ceil_mode : {false, true}) {
                const Case c{.extent = extent,
                             .kernel = kernel,
                             .stride = stride,
                             .dilation = dilation,
                             .pad_begin = pad_begin,
                             .pad_end = pad_end,
                             .ceil_mode = ceil_mode};
                const int64_t reach = (kernel - 1) * dilation + 1;
                if (reach > extent + pad_begin + pad_end) {
                  REQUIRE(resolve(c).error().code == ErrorCode::kShapeMismatch);
                  continue;
                }
                CAPTURE(extent);
                CAPTURE(kernel);
                CAPTURE(stride);
                CAPTURE(dilation);
                CAPTURE(pad_begin);
                CAPTURE(pad_end);
                CAPTURE(ceil_mode);
                REQUIRE(output_of(c) == count_windows(c));
              }
            }
          }
        }
      }
    }
  }
}

TEST_CASE("A window of ceil_mode that would start in the padding at the end is left out") {
  // Starts 0, 2, 4: with padding 1 the image ends at 4, so a third window would see padding only.
  CHECK(output_of({.extent = 3, .kernel = 2, .stride = 2, .pad_begin = 1, .pad_end = 1}) == 2);
  CHECK(output_of({.extent = 3,
                   .kernel = 2,
                   .stride = 2,
                   .pad_begin = 1,
                   .pad_end = 1,
                   .ceil_mode = true}) == 2);
  CHECK(output_of({.extent = 4, .kernel = 3, .stride = 2, .ceil_mode = true}) == 2);
  CHECK(output_of({.extent = 4, .kernel = 3, .stride = 2}) == 1);
}

TEST_CASE("SAME padding gives ceil(extent / stride) outputs and puts the odd element at its end") {
  const Case upper{.extent = 7, .kernel = 4, .stride = 2, .auto_pad = AutoPad::kSameUpper};
  const ResolvedWindow up = must(resolve(upper));
  CHECK(up.output_h == 4);
  CHECK(up.padding == Padding{.top = 1, .left = 1, .bottom = 2, .right = 2});
  Case lower = upper;
  lower.auto_pad = AutoPad::kSameLower;
  CHECK(must(resolve(lower)).padding == Padding{.top = 2, .left = 2, .bottom = 1, .right = 1});
}

TEST_CASE("SAME padding is never negative") {
  const ResolvedWindow resolved =
      must(resolve({.extent = 5, .kernel = 1, .stride = 3, .auto_pad = AutoPad::kSameUpper}));
  CHECK(resolved.output_h == 2);
  CHECK(resolved.padding == Padding{});
}

TEST_CASE("auto_pad overrules the padding that is given") {
  CHECK(
      output_of(
          {.extent = 5, .kernel = 3, .pad_begin = 1, .pad_end = 1, .auto_pad = AutoPad::kValid}) ==
      3);
}

TEST_CASE("The two axes are resolved apart") {
  const WindowAttributes window{.kernel = {3, 1},
                                .stride = {2, 1},
                                .dilation = {1, 1},
                                .padding = {.top = 1, .left = 0, .bottom = 0, .right = 2}};
  const ResolvedWindow resolved = must(resolve_window(window, 6, 4, false));
  CHECK(resolved.output_h == 3);
  CHECK(resolved.output_w == 6);
  CHECK(resolved.padding == window.padding);
}

TEST_CASE("Windows outside their legal ranges are refused, whatever their size") {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const auto code = [](const Case& c) { return resolve(c).error().code; };
  CHECK(code({.extent = 5, .kernel = 0}) == ErrorCode::kInvalidModel);
  CHECK(code({.extent = 5, .kernel = 1, .stride = 0}) == ErrorCode::kInvalidModel);
  CHECK(code({.extent = 5, .kernel = 1, .dilation = -1}) == ErrorCode::kInvalidModel);
  CHECK(code({.extent = 5, .kernel = 1, .pad_begin = -1}) == ErrorCode::kInvalidModel);
  CHECK(code({.extent = 5, .kernel = kHuge}) == ErrorCode::kLimitExceeded);
  CHECK(code({.extent = 5, .kernel = 1, .stride = kHuge}) == ErrorCode::kLimitExceeded);
  CHECK(code({.extent = 5, .kernel = 2, .dilation = kHuge}) == ErrorCode::kLimitExceeded);
  CHECK(code({.extent = 5, .kernel = 1, .pad_end = kHuge}) == ErrorCode::kLimitExceeded);
  CHECK(code({.extent = 0, .kernel = 1}) == ErrorCode::kShapeMismatch);
  CHECK(code({.extent = kHuge, .kernel = 1}) == ErrorCode::kLimitExceeded);
  CHECK(code({.extent = 5, .kernel = kMaxElements, .dilation = kMaxElements}) ==
        ErrorCode::kShapeMismatch);
}

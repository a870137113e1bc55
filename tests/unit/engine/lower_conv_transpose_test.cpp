#include <doctest/doctest.h>

#include "unit/engine/last_node.h"

namespace lowbit::test {
namespace {

// Every input element times every weight, added where it goes.
void check_transposed(const ConvTransposeAttributes& attributes, const NodeRun& run) {
  const WindowAttributes& window = attributes.window;
  const Shape& x = run.inputs[0].shape();
  const Shape& w = run.inputs[1].shape();
  const Shape& y = run.output.shape();
  std::vector<double> expected(static_cast<size_t>(run.output.element_count()));
  std::vector<double> magnitudes(expected.size());
  const int64_t depth = x[1] / attributes.groups;
  for (int64_t i = 0; i < run.inputs[0].element_count(); ++i) {
    const auto at = coordinates(x, i);
    for (int64_t j = 0; j < w[1] * w[2] * w[3]; ++j) {
      const int64_t m = j / (w[2] * w[3]), ky = j / w[3] % w[2], kx = j % w[3];
      const int64_t to_y = at[2] * window.stride.h + ky * window.dilation.h - window.padding.top;
      const int64_t to_x = at[3] * window.stride.w + kx * window.dilation.w - window.padding.left;
      if (to_y < 0 || to_y >= y[2] || to_x < 0 || to_x >= y[3]) continue;
      const int64_t channel = at[1] / depth * w[1] + m;
      const auto to = static_cast<size_t>(((at[0] * y[1] + channel) * y[2] + to_y) * y[3] + to_x);
      const double product =
          number(run.inputs[0], i) * number(run.inputs[1], at[1] * w[1] * w[2] * w[3] + j);
      expected[to] += product;
      magnitudes[to] += std::abs(product);
    }
  }
  const double terms = static_cast<double>(depth * w[2] * w[3] + 1);
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto channel = static_cast<int64_t>(i) / (y[2] * y[3]) % y[1];
    const double bias = run.inputs.size() > 2 ? number(run.inputs[2], channel) : 0;
    expected[i] += bias;
    magnitudes[i] = terms * 0x1p-23 * (magnitudes[i] + std::abs(bias));
  }
  check_near(run.output, expected, magnitudes);
}

WindowAttributes window(Spatial kernel, Spatial stride, Spatial dilation = {},
                        const Padding& padding = {}) {
  WindowAttributes result;
  result.kernel = kernel;
  result.stride = stride;
  result.dilation = dilation;
  result.padding = padding;
  return result;
}

TEST_CASE("Transposed convolutions with every attribute, behind a convolution") {
  const ConvTransposeAttributes cases[] = {
      {.window = window({3, 3}, {1, 1})},
      {.window = window({2, 2}, {2, 2})},
      {.window = window({4, 3}, {2, 3}, {1, 1}, {1, 0, 2, 1})},
      {.window = window({3, 2}, {1, 2}, {2, 3}), .groups = 2},
      {.window = window({3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}),
       .groups = 6,
       .output_padding = {1, 1}},
      {.window = window({1, 1}, {3, 2}), .groups = 3, .output_padding = {4, 0}},
  };
  for (const ConvTransposeAttributes& attributes : cases) {
    for (const bool has_bias : {false, true}) {
      GraphBuilder b;
      const ValueId x = channels_last(b, 6, 4, 5);
      const Spatial kernel = attributes.window.kernel;
      std::vector<ValueId> inputs{x, b.random_constant("w", {6, 3, kernel.h, kernel.w}, -1, 1)};
      if (has_bias) inputs.push_back(b.random_constant("bias", {3 * attributes.groups}, -1, 1));
      check_last_node(b.output(b.add_node(Op::kConvTranspose, "node", inputs, attributes)).build(),
                      [&](const NodeRun& run) { check_transposed(attributes, run); });
    }
  }
}

}  // namespace
}  // namespace lowbit::test

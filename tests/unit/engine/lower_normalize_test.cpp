#include <doctest/doctest.h>

#include "unit/engine/last_node.h"

namespace lowbit::test {
namespace {

constexpr double kEpsilon = 0x1p-23;

// Which elements are normalized together, and which scale each has.
struct Rows {
  std::vector<size_t> row;  // per element
  std::vector<size_t> parameter;
};

Rows rows_of(Op op, const NormalizationAttributes& norm, const Shape& x) {
  const bool is_trailing = op == Op::kLayerNormalization || op == Op::kRMSNormalization;
  const int first = static_cast<int>(norm.axis < 0 ? norm.axis + x.rank() : norm.axis);
  int64_t columns = 1;
  for (int axis = first; axis < x.rank(); ++axis) columns *= x[axis];
  const int64_t channels = x[1];
  const int64_t inner = *x.element_count() / (x[0] * channels);
  const int64_t groups = op == Op::kInstanceNormalization ? channels : norm.groups;
  Rows rows;
  for (int64_t i = 0; i < *x.element_count(); ++i) {
    const int64_t channel = i / inner % channels;
    const int64_t group = channel / (channels / groups);
    const int64_t sample = i / (inner * channels);
    rows.row.push_back(static_cast<size_t>(is_trailing ? i / columns : sample * groups + group));
    rows.parameter.push_back(static_cast<size_t>(is_trailing ? i % columns : channel));
  }
  return rows;
}

// Beside the rounding of a sum of n numbers: of the distance, its square, the quotient, the root,
// and of what comes after.
void check_normalization(Op op, const NormalizationAttributes& norm, const NodeRun& run) {
  const Tensor& x = run.inputs[0];
  const Rows rows = rows_of(op, norm, x.shape());
  const auto count = static_cast<size_t>(x.element_count());
  std::vector<double> expected(count);
  std::vector<double> bounds(count);
  for (size_t row = 0; row <= rows.row.back(); ++row) {
    double n = 0, sum = 0, largest = 0, squares = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rows.row[i] != row) continue;
      n += 1;
      sum += number(x, static_cast<int64_t>(i));
      largest = std::max(largest, std::abs(number(x, static_cast<int64_t>(i))));
    }
    const double mean = op == Op::kRMSNormalization ? 0 : sum / n;
    for (size_t i = 0; i < count; ++i) {
      if (rows.row[i] == row) squares += std::pow(number(x, static_cast<int64_t>(i)) - mean, 2);
    }
    const double factor = 1 / std::sqrt(squares / n + double{norm.epsilon});
    for (size_t i = 0; i < count; ++i) {
      if (rows.row[i] != row) continue;
      const auto at = static_cast<int64_t>(rows.parameter[i]);
      const double scale = number(run.inputs[1], at);
      const double bias = run.inputs.size() > 2 ? number(run.inputs[2], at) : 0;
      expected[i] = (number(x, static_cast<int64_t>(i)) - mean) * factor * scale + bias;
      bounds[i] = (n + 8) * kEpsilon *
                  (std::abs(expected[i]) + std::abs(bias) + largest * factor * std::abs(scale));
    }
  }
  check_near(run.output, expected, bounds);
}

TEST_CASE("Rows from any axis on, with and without bias, with and without the mean") {
  for (const Op op : {Op::kLayerNormalization, Op::kRMSNormalization}) {
    CAPTURE(op_info(op).name);
    for (const int64_t axis : {0, 1, 2, 3, -1}) {
      for (const bool has_bias : {false, true}) {
        if (has_bias && op == Op::kRMSNormalization) continue;
        GraphBuilder b;
        const ValueId x = axis == 0 ? b.input("x", {2, 5, 3, 7}) : channels_last(b, 5, 3, 7);
        const NormalizationAttributes norm{.axis = axis, .epsilon = 1e-3f};
        const int first = static_cast<int>(axis < 0 ? axis + 4 : axis);
        const Shape dims =
            must(Shape::from_dims(Shape{2, 5, 3, 7}.dims().subspan(static_cast<size_t>(first))));
        std::vector<ValueId> inputs{x, b.random_constant("scale", dims, 0.5f, 2)};
        if (has_bias) inputs.push_back(b.random_constant("bias", dims, -1, 1));
        check_last_node(b.output(b.add_node(op, "node", inputs, norm)).build(),
                        [&](const NodeRun& run) { check_normalization(op, norm, run); });
      }
    }
  }
}

TEST_CASE("Channels and groups of channels, of images and of other ranks") {
  for (const int64_t groups : {0, 1, 2, 6}) {
    const Op op = groups == 0 ? Op::kInstanceNormalization : Op::kGroupNormalization;
    CAPTURE(op_info(op).name);
    const NormalizationAttributes norm{.groups = std::max<int64_t>(groups, 1)};
    const auto check = [&](GraphBuilder& b, ValueId x) {
      const std::vector<ValueId> inputs{x, b.random_constant("scale", {6}, 0.5f, 2),
                                        b.random_constant("bias", {6}, -1, 1)};
      check_last_node(b.output(b.add_node(op, "node", inputs, norm)).build(),
                      [&](const NodeRun& run) { check_normalization(op, norm, run); });
    };
    GraphBuilder image;
    check(image, channels_last(image, 6, 3, 7));
    for (const Shape& shape : {Shape{3, 6, 9}, Shape{2, 6, 1, 3, 2}}) {
      GraphBuilder b;
      check(b, b.input("x", shape));
    }
  }
}

TEST_CASE("Scales may be computed") {
  GraphBuilder b;
  const ValueId x = b.input("x", {4, 9});
  const ValueId scale = b.relu(b.input("s", {9}));
  const NormalizationAttributes norm;
  check_last_node(
      b.output(b.add_node(Op::kLayerNormalization, "node", {x, scale}, norm)).build(),
      [&](const NodeRun& run) { check_normalization(Op::kLayerNormalization, norm, run); });
}

}  // namespace
}  // namespace lowbit::test

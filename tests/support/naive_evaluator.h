// Computes a float graph of concrete shapes in double precision with plain loops straight from the
// ONNX operator specification: the yardstick for rewrites, which must not change what a graph
// computes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/shape_inference.h"
#include "support/must.h"

namespace lowbit::test {

class NaiveEvaluator {
 public:
  using Reals = std::vector<double>;

  explicit NaiveEvaluator(const Graph& graph) : graph_(graph), values_(graph.values.size()) {}

  // One list of numbers per graph input, in row-major order of its shape; results per graph output.
  std::vector<Reals> run(const std::vector<Reals>& inputs) {
    for (size_t i = 0; i < graph_.values.size(); ++i) {
      if (!graph_.values[i].constant) continue;
      const std::span<const float> data = graph_.values[i].constant->data<float>();
      values_[i].assign(data.begin(), data.end());
    }
    for (size_t i = 0; i < inputs.size(); ++i) at(graph_.inputs[i]) = inputs[i];
    for (const Node& node : graph_.nodes) {
      Reals& y = at(node.output);
      y = evaluate(node);
      for (double& real : y) {
        real = std::min<double>(std::max<double>(real, node.activation.min), node.activation.max);
      }
    }
    std::vector<Reals> outputs;
    for (const ValueId id : graph_.outputs) outputs.push_back(at(id));
    return outputs;
  }

 private:
  Reals& at(ValueId id) { return values_[static_cast<size_t>(id)]; }
  const Reals& in(const Node& node, size_t i) { return at(node.inputs[i]); }
  const Shape& shape(const Node& node, size_t i) { return graph_.value(node.inputs[i]).shape; }
  static bool has(const Node& node, size_t i) {
    return i < node.inputs.size() && node.inputs[i] != kNoValue;
  }

  Reals evaluate(const Node& node) {
    switch (node.op) {
      case Op::kConv:
        return conv(node);
      case Op::kGemm:
        return gemm(node);
      case Op::kMatMul:
        return matmul(node);
      case Op::kAdd:
        return binary(node, [](double a, double b) { return a + b; });
      case Op::kMul:
        return binary(node, [](double a, double b) { return a * b; });
      case Op::kDiv:
        return binary(node, [](double a, double b) { return a / b; });
      case Op::kRelu:
        return map(in(node, 0), [](double x) { return std::max(x, 0.0); });
      case Op::kClip: {
        const auto& bounds = std::get<ClipAttributes>(node.attributes);
        return map(in(node, 0), [&](double x) {
          return std::min<double>(std::max<double>(x, bounds.min), bounds.max);
        });
      }
      case Op::kHardSigmoid: {
        const auto [alpha, beta] = std::get<UnaryAttributes>(node.attributes).parameters;
        return map(in(node, 0), [&](double x) {
          return std::min(std::max(static_cast<double>(alpha) * x + static_cast<double>(beta), 0.0),
                          1.0);
        });
      }
      case Op::kHardSwish:
        return map(in(node, 0),
                   [](double x) { return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0); });
      case Op::kMaxPool:
      case Op::kAveragePool:
        return pool(node);
      case Op::kGlobalAveragePool:
        return global_average_pool(node);
      case Op::kBatchNormalization:
        return batch_normalization(node);
      case Op::kConcat:
        return concat(node);
      case Op::kFlatten:
      case Op::kReshape:
      case Op::kIdentity:
      case Op::kDropout:
        return in(node, 0);
      default:
        break;
    }
    std::abort();  // no test of rewrites uses them
  }

  template <class F>
  static Reals map(Reals x, F&& f) {
    for (double& real : x) real = f(real);
    return x;
  }

  // Calls visit(output index, input index or -1 for padding, tap) for every tap of every window of
  // one channel plane.
  template <class Visit>
  static void walk_windows(const WindowAttributes& window, const Shape& x, const Shape& y,
                           bool ceil_mode, Visit&& visit) {
    const ResolvedWindow resolved = must(resolve_window(window, x[2], x[3], ceil_mode));
    for (int64_t oy = 0; oy < y[2]; ++oy) {
      for (int64_t ox = 0; ox < y[3]; ++ox) {
        for (int64_t ky = 0; ky < window.kernel.h; ++ky) {
          for (int64_t kx = 0; kx < window.kernel.w; ++kx) {
            const int64_t iy = oy * window.stride.h + ky * window.dilation.h - resolved.padding.top;
            const int64_t ix =
                ox * window.stride.w + kx * window.dilation.w - resolved.padding.left;
            const bool is_inside = iy >= 0 && iy < x[2] && ix >= 0 && ix < x[3];
            const bool is_padding = !is_inside && iy < x[2] + resolved.padding.bottom &&
                                    ix < x[3] + resolved.padding.right;
            visit(oy * y[3] + ox, is_inside ? iy * x[3] + ix : int64_t{-1},
                  ky * window.kernel.w + kx, is_padding);
          }
        }
      }
    }
  }

  Reals conv(const Node& node) {
    const auto& attributes = std::get<ConvAttributes>(node.attributes);
    const Shape& xs = shape(node, 0);
    const Shape& ws = shape(node, 1);
    const Shape& ys = graph_.value(node.output).shape;
    const Reals& x = in(node, 0);
    const Reals& w = in(node, 1);
    Reals y(static_cast<size_t>(ys.element_count().value_or(0)));
    const int64_t per_group = ys[1] / attributes.groups;
    for (int64_t n = 0; n < ys[0]; ++n) {
      for (int64_t m = 0; m < ys[1]; ++m) {
        double* plane = &y[static_cast<size_t>((n * ys[1] + m) * ys[2] * ys[3])];
        if (has(node, 2)) {
          std::fill_n(plane, ys[2] * ys[3], in(node, 2)[static_cast<size_t>(m)]);
        }
        for (int64_t c = 0; c < ws[1]; ++c) {
          const int64_t channel = m / per_group * ws[1] + c;
          const double* image = &x[static_cast<size_t>((n * xs[1] + channel) * xs[2] * xs[3])];
          const double* taps = &w[static_cast<size_t>((m * ws[1] + c) * ws[2] * ws[3])];
          walk_windows(attributes.window, xs, ys, false,
                       [&](int64_t output, int64_t input, int64_t tap, bool) {
                         if (input >= 0) plane[output] += image[input] * taps[tap];
                       });
        }
      }
    }
    return y;
  }

  Reals pool(const Node& node) {
    const auto& attributes = std::get<PoolAttributes>(node.attributes);
    const bool is_max = node.op == Op::kMaxPool;
    const Shape& xs = shape(node, 0);
    const Shape& ys = graph_.value(node.output).shape;
    Reals y(static_cast<size_t>(ys.element_count().value_or(0)));
    const auto area = static_cast<size_t>(ys[2] * ys[3]);
    for (int64_t plane = 0; plane < ys[0] * ys[1]; ++plane) {
      const double* image = &in(node, 0)[static_cast<size_t>(plane * xs[2] * xs[3])];
      Reals best(area, -std::numeric_limits<double>::infinity());
      Reals sum(area);
      Reals count(area);
      walk_windows(attributes.window, xs, ys, attributes.ceil_mode,
                   [&](int64_t output, int64_t input, int64_t, bool is_padding) {
                     const auto o = static_cast<size_t>(output);
                     if (input >= 0) {
                       best[o] = std::max(best[o], image[input]);
                       sum[o] += image[input];
                     }
                     if (input >= 0 || (is_padding && attributes.count_include_pad)) count[o] += 1;
                   });
      for (size_t o = 0; o < area; ++o) {
        y[static_cast<size_t>(plane) * area + o] = is_max ? best[o] : sum[o] / count[o];
      }
    }
    return y;
  }

  Reals global_average_pool(const Node& node) {
    const Shape& xs = shape(node, 0);
    const auto area = static_cast<size_t>(xs[2] * xs[3]);
    Reals y(static_cast<size_t>(xs[0] * xs[1]));
    for (size_t i = 0; i < in(node, 0).size(); ++i) {
      y[i / area] += in(node, 0)[i] / static_cast<double>(area);
    }
    return y;
  }

  Reals gemm(const Node& node) {
    const auto& attributes = std::get<GemmAttributes>(node.attributes);
    const Shape& as = shape(node, 0);
    const Shape& bs = shape(node, 1);
    const Shape& ys = graph_.value(node.output).shape;
    const int64_t depth = as[attributes.transpose_a ? 0 : 1];
    Reals y(static_cast<size_t>(ys[0] * ys[1]));
    for (int64_t m = 0; m < ys[0]; ++m) {
      for (int64_t n = 0; n < ys[1]; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < depth; ++k) {
          const int64_t a = attributes.transpose_a ? k * as[1] + m : m * as[1] + k;
          const int64_t b = attributes.transpose_b ? n * bs[1] + k : k * bs[1] + n;
          sum += in(node, 0)[static_cast<size_t>(a)] * in(node, 1)[static_cast<size_t>(b)];
        }
        double bias = 0;
        if (has(node, 2)) {
          bias = in(node, 2)[broadcast_index(shape(node, 2), ys, m * ys[1] + n)];
        }
        y[static_cast<size_t>(m * ys[1] + n)] = attributes.alpha * sum + attributes.beta * bias;
      }
    }
    return y;
  }

  // Rank 2 by a constant of rank 2: what the builder's matmul() makes.
  Reals matmul(const Node& node) {
    const Shape& as = shape(node, 0);
    const Shape& bs = shape(node, 1);
    Reals y(static_cast<size_t>(as[0] * bs[1]));
    for (int64_t m = 0; m < as[0]; ++m) {
      for (int64_t n = 0; n < bs[1]; ++n) {
        for (int64_t k = 0; k < as[1]; ++k) {
          y[static_cast<size_t>(m * bs[1] + n)] += in(node, 0)[static_cast<size_t>(m * as[1] + k)] *
                                                   in(node, 1)[static_cast<size_t>(k * bs[1] + n)];
        }
      }
    }
    return y;
  }

  // Where the element `index` of a tensor of shape `to` lies in one of shape `from` that broadcasts
  // to it.
  static size_t broadcast_index(const Shape& from, const Shape& to, int64_t index) {
    int64_t result = 0;
    int64_t stride = 1;
    for (int i = 1; i <= from.rank(); ++i) {
      const int64_t dim = to[to.rank() - i];
      const int64_t own = from[from.rank() - i];
      if (own != 1) result += index % dim * stride;
      stride *= own;
      index /= dim;
    }
    return static_cast<size_t>(result);
  }

  template <class F>
  Reals binary(const Node& node, F&& f) {
    const Shape& ys = graph_.value(node.output).shape;
    Reals y(static_cast<size_t>(ys.element_count().value_or(0)));
    for (size_t i = 0; i < y.size(); ++i) {
      const auto index = static_cast<int64_t>(i);
      y[i] = f(in(node, 0)[broadcast_index(shape(node, 0), ys, index)],
               in(node, 1)[broadcast_index(shape(node, 1), ys, index)]);
    }
    return y;
  }

  Reals batch_normalization(const Node& node) {
    const double epsilon = std::get<BatchNormalizationAttributes>(node.attributes).epsilon;
    const Shape& xs = shape(node, 0);
    size_t inner = 1;
    for (int axis = 2; axis < xs.rank(); ++axis) inner *= static_cast<size_t>(xs[axis]);
    Reals y = in(node, 0);
    for (size_t i = 0; i < y.size(); ++i) {
      const size_t c = i / inner % static_cast<size_t>(xs[1]);
      y[i] = (y[i] - in(node, 3)[c]) / std::sqrt(in(node, 4)[c] + epsilon) * in(node, 1)[c] +
             in(node, 2)[c];
    }
    return y;
  }

  Reals concat(const Node& node) {
    const int64_t attribute = std::get<AxisAttributes>(node.attributes).axis;
    const Shape& ys = graph_.value(node.output).shape;
    const int axis = static_cast<int>(attribute < 0 ? attribute + ys.rank() : attribute);
    size_t outer = 1;
    for (int i = 0; i < axis; ++i) outer *= static_cast<size_t>(ys[i]);
    Reals y;
    for (size_t row = 0; row < outer; ++row) {
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const Reals& part = in(node, i);
        const size_t width = part.size() / outer;
        for (size_t j = 0; j < width; ++j) y.push_back(part[row * width + j]);
      }
    }
    return y;
  }

  const Graph& graph_;
  std::vector<Reals> values_;
};

}  // namespace lowbit::test

// What one node must compute from given inputs, by plain loops over NCHW: integers from the scalar
// formulas of qmath, reals in double precision with a bound on what float32 may differ by.
//
// The bound of a sum of n products in any order is n * 2^-23 * sum |x * w|: each product and each
// addition rounds once, by at most 2^-24 of a partial sum (Higham 2002, section 3.1).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "qmath/add.h"
#include "qmath/average_pool.h"
#include "qmath/quantize.h"
#include "qmath/softmax.h"
#include "qmath/unary_functions.h"
#include "unit/engine/move_oracle.h"
#include "unit/engine/product_oracle.h"
#include "unit/engine/resize_oracle.h"
#include "unit/engine/window_oracle.h"

namespace lowbit::test {

struct Expected {
  std::vector<double> values;  // row-major
  std::vector<double> bounds;  // how far each may be off; 0 for integers and for moved elements
};

class NodeOracle {
 public:
  // `inputs`: one per input of the node, as the graph says (NCHW); constants included.
  NodeOracle(const Graph& graph, const Node& node, std::span<const Tensor> inputs)
      : node_(node), inputs_(inputs), output_(graph.value(node.output)) {
    for (const ValueId id : node.inputs) {
      input_values_.push_back(id == kNoValue ? nullptr : &graph.value(id));
    }
    expected_.values.resize(static_cast<size_t>(*output_.shape.element_count()));
    expected_.bounds.resize(expected_.values.size());
  }

  Expected compute() {
    switch (node_.op) {
      case Op::kConv:
        conv();
        break;
      case Op::kGemm:
      case Op::kMatMul:
        matrix_product();
        break;
      case Op::kAdd:
        add();
        break;
      case Op::kRelu:
        clip({.min = 0});
        break;
      case Op::kClip:
        clip(std::get<ClipAttributes>(node_.attributes));
        break;
      case Op::kMaxPool:
      case Op::kAveragePool:
        pool();
        break;
      case Op::kGlobalAveragePool:
        global_average_pool();
        break;
      case Op::kBatchNormalization:
        batch_normalization();
        break;
      case Op::kSoftmax:
        softmax();
        break;
      case Op::kConcat:
        concat();
        break;
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) case Op::k##name:
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
        unary();
        break;
      case Op::kFlatten:
      case Op::kReshape:
      case Op::kIdentity:
      case Op::kDropout:
      case Op::kQuantizeLinear:
      case Op::kDequantizeLinear:
      case Op::kSqueeze:
      case Op::kUnsqueeze:
        for (int64_t i = 0; i < size(); ++i) set(i, converted(0, i));
        break;
      case Op::kResize:
        resize();
        break;
      default:
        if (!MoveOracle::has(node_.op)) std::abort();  // its own test has the answers
        move();
    }
    return std::move(expected_);
  }

 private:
  static constexpr double kEpsilon = 0x1p-23;

  struct Params {
    float scale = 1;
    int32_t zero_point = 0;
    int32_t qmin = 0;
    int32_t qmax = 255;
  };
  static Params params(const Value& value) {
    const QuantParams& q = *value.quant;
    return {q.scale[0], q.zero_point[0], q.qmin, q.qmax};
  }

  const Shape& shape(size_t input) const { return input_values_[input]->shape; }
  bool has(size_t input) const { return input < inputs_.size() && input_values_[input]; }
  bool is_integer() const { return output_.dtype == DType::kU8; }
  int64_t size() const { return static_cast<int64_t>(expected_.values.size()); }

  // The element as stored: a real, or an integer.
  double raw(size_t input, int64_t i) const {
    const Tensor& tensor = inputs_[input];
    const auto at = static_cast<size_t>(i);
    switch (tensor.dtype()) {
      case DType::kF32:
        return double{tensor.data<float>()[at]};
      case DType::kU8:
        return tensor.data<uint8_t>()[at];
      case DType::kI8:
        return tensor.data<int8_t>()[at];
      case DType::kI32:
        return tensor.data<int32_t>()[at];
      case DType::kI64:
      case DType::kBool:
        break;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }
  // The real, or the integer less its zero point.
  double centred(size_t input, int64_t i) const {
    const Value& value = *input_values_[input];
    return raw(input, i) - (value.quant ? value.quant->zero_point[0] : 0);
  }
  // The element with the output's type and parameters.
  double converted(size_t input, int64_t i) const {
    const Value& value = *input_values_[input];
    if (value.quant.has_value() && output_.quant.has_value() &&
        value.quant->scale == output_.quant->scale &&
        value.quant->zero_point == output_.quant->zero_point) {
      return raw(input, i);
    }
    return output_.quant ? to_output(real(input, i)) : double{real(input, i)};
  }
  float real(size_t input, int64_t i) const {
    if (!input_values_[input]->quant) return static_cast<float>(raw(input, i));
    const Params p = params(*input_values_[input]);
    return dequantize(static_cast<int32_t>(raw(input, i)), p.scale, p.zero_point);
  }

  void set(int64_t i, double value, double bound = 0) {
    expected_.values[static_cast<size_t>(i)] = value;
    expected_.bounds[static_cast<size_t>(i)] = bound;
  }

  using Sum = ProductSum;
  // Adds `x` times the weight's element, which is row `k` of the tap.
  void add_weight(Sum& sum, double x, int64_t element, int64_t tap, int64_t k) const {
    sum.add_weight(x, raw(1, element), {*input_values_[1], element, tap, k}, is_integer());
  }
  void finish(int64_t i, Sum sum, int64_t channel) {
    const ClipAttributes& activation = node_.activation;
    if (!is_integer()) {
      const double bound = static_cast<double>(sum.terms + 2) * kEpsilon * sum.magnitude;
      set(i, std::min(std::max(sum.total, double{activation.min}), double{activation.max}), bound);
      return;
    }
    const Params y = params(output_);
    const RequantizedProduct product{.node = node_,
                                     .weight = *input_values_[1],
                                     .input_scale = params(*input_values_[0]).scale,
                                     .output_scale = y.scale,
                                     .output_zero_point = y.zero_point,
                                     .qmin = to_output(activation.min),
                                     .qmax = to_output(activation.max)};
    set(i, product.of(sum, channel));
  }
  int32_t to_output(float x) const {
    const Params y = params(output_);
    return quantize(x, y.scale, y.zero_point, y.qmin, y.qmax);
  }

  void conv() {
    const auto& attributes = std::get<ConvAttributes>(node_.attributes);
    const Shape &x = shape(0), &w = shape(1), &y = output_.shape;
    const WindowOracle rows = window_of(attributes.window, true, x[2], y[2]);
    const WindowOracle columns = window_of(attributes.window, false, x[3], y[3]);
    const int64_t group_columns = y[1] / attributes.groups;
    int64_t i = 0;
    for (int64_t n = 0; n < y[0]; ++n) {
      for (int64_t m = 0; m < y[1]; ++m) {
        const int64_t first_channel = m / group_columns * w[1];
        for (int64_t oy = 0; oy < y[2]; ++oy) {
          for (int64_t ox = 0; ox < y[3]; ++ox, ++i) {
            Sum sum;
            for (int64_t c = 0; c < w[1]; ++c) {
              for (int64_t ky = 0; ky < w[2]; ++ky) {
                for (int64_t kx = 0; kx < w[3]; ++kx) {
                  const int64_t iy = rows.first(oy) + ky * rows.dilation;
                  const int64_t ix = columns.first(ox) + kx * columns.dilation;
                  if (iy < 0 || iy >= x[2] || ix < 0 || ix >= x[3]) continue;
                  const int64_t at = ((n * x[1] + first_channel + c) * x[2] + iy) * x[3] + ix;
                  add_weight(sum, centred(0, at), ((m * w[1] + c) * w[2] + ky) * w[3] + kx,
                             ky * w[3] + kx, c);
                }
              }
            }
            if (has(2)) sum.add_bias(raw(2, m));
            finish(i, sum, m);
          }
        }
      }
    }
  }

  // Gemm, and MatMul with numpy's rules.
  void matrix_product() {
    const Shape &a = shape(0), &b = shape(1);
    if (node_.op == Op::kGemm) {
      const auto& g = std::get<GemmAttributes>(node_.attributes);
      const int64_t depth = a[g.transpose_a ? 0 : 1];
      const int64_t rows = output_.shape[0], columns = output_.shape[1];
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          Sum sum;
          for (int64_t k = 0; k < depth; ++k) {
            add_weight(sum,
                       double{g.alpha} * centred(0, g.transpose_a ? k * rows + i : i * depth + k),
                       g.transpose_b ? j * depth + k : k * columns + j, 0, k);
          }
          if (has(2)) sum.add_bias(raw(2, *shape(2).element_count() == 1 ? 0 : j), double{g.beta});
          finish(i * columns + j, sum, j);
        }
      }
      return;
    }
    const int64_t rows = a.rank() > 1 ? a[a.rank() - 2] : 1;
    const int64_t depth = a[a.rank() - 1];
    const int64_t columns = b.rank() > 1 ? b[b.rank() - 1] : 1;
    const int64_t matrices = size() / (rows * columns);
    for (int64_t matrix = 0; matrix < matrices; ++matrix) {
      const int64_t of_a = broadcast_matrix(a, matrix, matrices);
      const int64_t of_b = broadcast_matrix(b, matrix, matrices);
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          Sum sum;
          for (int64_t k = 0; k < depth; ++k) {
            add_weight(sum, centred(0, (of_a * rows + i) * depth + k),
                       (of_b * depth + k) * columns + j, 0, k);
          }
          finish((matrix * rows + i) * columns + j, sum, j);
        }
      }
    }
  }
  // Index of an operand's matrix; enough for leading dimensions that are all there, or all 1, and
  // for one that only the second operand has inside one that only the first has.
  int64_t broadcast_matrix(const Shape& operand, int64_t matrix, int64_t matrices) const {
    int64_t own = 1;
    for (int axis = 0; axis < operand.rank() - 2; ++axis) own *= operand[axis];
    if (own == matrices) return matrix;
    const bool is_inner = operand.rank() > 2 && operand[operand.rank() - 3] == own;
    return is_inner ? matrix % own : matrix / (matrices / own);
  }

  void add() {
    for (int64_t i = 0; i < size(); ++i) {
      const int64_t a = broadcast_index(shape(0), output_.shape, i);
      const int64_t b = broadcast_index(shape(1), output_.shape, i);
      if (!is_integer()) {
        const float sum = static_cast<float>(raw(0, a)) + static_cast<float>(raw(1, b));
        set(i, double{std::min(std::max(sum, node_.activation.min), node_.activation.max)});
        continue;
      }
      const Params pa = params(*input_values_[0]), pb = params(*input_values_[1]);
      const Params y = params(output_);
      set(i, quantized_add(static_cast<int32_t>(raw(0, a)), static_cast<int32_t>(raw(1, b)),
                           {.a_ratio = pa.scale / y.scale,
                            .b_ratio = pb.scale / y.scale,
                            .a_zero_point = pa.zero_point,
                            .b_zero_point = pb.zero_point,
                            .output_zero_point = y.zero_point,
                            .qmin = to_output(node_.activation.min),
                            .qmax = to_output(node_.activation.max)}));
    }
  }

  void clip(const ClipAttributes& bounds) {
    for (int64_t i = 0; i < size(); ++i) {
      const double low = is_integer() ? to_output(bounds.min) : double{bounds.min};
      const double high = is_integer() ? to_output(bounds.max) : double{bounds.max};
      set(i, std::min(std::max(converted(0, i), low), high));
    }
  }

  AveragePoolParams average_params() const {
    const Params x = params(*input_values_[0]), y = params(output_);
    return {x.scale, y.scale, x.zero_point, y.zero_point, y.qmin, y.qmax};
  }

  void pool() {
    const auto& attributes = std::get<PoolAttributes>(node_.attributes);
    const Shape &x = shape(0), &y = output_.shape;
    const WindowOracle rows = window_of(attributes.window, true, x[2], y[2]);
    const WindowOracle columns = window_of(attributes.window, false, x[3], y[3]);
    int64_t i = 0;
    for (int64_t plane = 0; plane < y[0] * y[1]; ++plane) {
      for (int64_t oy = 0; oy < y[2]; ++oy) {
        for (int64_t ox = 0; ox < y[3]; ++ox, ++i) {
          std::vector<int64_t> inside;
          int32_t padded = 0;
          for (int64_t ky = 0; ky < rows.kernel; ++ky) {
            for (int64_t kx = 0; kx < columns.kernel; ++kx) {
              const int64_t iy = rows.first(oy) + ky * rows.dilation;
              const int64_t ix = columns.first(ox) + kx * columns.dilation;
              padded += iy < x[2] + rows.after && ix < x[3] + columns.after;
              if (iy < 0 || iy >= x[2] || ix < 0 || ix >= x[3]) continue;
              inside.push_back((plane * x[2] + iy) * x[3] + ix);
            }
          }
          if (node_.op == Op::kMaxPool) {
            double maximum = -std::numeric_limits<double>::infinity();
            for (const int64_t at : inside) maximum = std::max(maximum, raw(0, at));
            set(i, maximum);
          } else {
            average(i, inside,
                    attributes.count_include_pad ? padded : static_cast<int32_t>(inside.size()));
          }
        }
      }
    }
  }

  void average(int64_t i, const std::vector<int64_t>& inside, int32_t count) {
    if (is_integer()) {
      const AveragePoolParams p = average_params();
      float sum = 0;
      for (const int64_t at : inside) {
        sum += dequantize(static_cast<int32_t>(raw(0, at)), p.input_scale, p.input_zero_point);
      }
      set(i, quantized_average(sum, count, p));
      return;
    }
    Sum sum;
    for (const int64_t at : inside) sum.add(raw(0, at), 1);
    const double n = count;
    set(i, sum.total / n, static_cast<double>(sum.terms + 2) * kEpsilon * sum.magnitude / n);
  }

  void global_average_pool() {
    const int64_t pixels = shape(0)[2] * shape(0)[3];
    for (int64_t plane = 0; plane < size(); ++plane) {
      std::vector<int64_t> inside;
      for (int64_t p = 0; p < pixels; ++p) inside.push_back(plane * pixels + p);
      if (!is_integer()) {
        average(plane, inside, static_cast<int32_t>(pixels));
        continue;
      }
      double sum = 0;
      for (const int64_t at : inside) sum += centred(0, at);
      const AveragePoolParams p = average_params();
      set(plane,
          quantized_global_average(static_cast<int32_t>(sum),
                                   global_average_multiplier(static_cast<int32_t>(pixels), p), p));
    }
  }

  void batch_normalization() {
    const double epsilon = double{std::get<BatchNormalizationAttributes>(node_.attributes).epsilon};
    const int64_t channels = shape(0)[1];
    const int64_t inner = size() / (shape(0)[0] * channels);
    for (int64_t i = 0; i < size(); ++i) {
      const int64_t c = i / inner % channels;
      const double factor = raw(1, c) / std::sqrt(raw(4, c) + epsilon);
      const double y = (raw(0, i) - raw(3, c)) * factor + raw(2, c);
      const double magnitude =
          (std::abs(raw(0, i)) + std::abs(raw(3, c))) * std::abs(factor) + std::abs(raw(2, c));
      set(i, y, 4 * kEpsilon * magnitude);
    }
  }

  void softmax() {
    int64_t axis = std::get<AxisAttributes>(node_.attributes).axis;
    if (axis < 0) axis += shape(0).rank();
    int64_t inner = 1;
    for (int later = static_cast<int>(axis) + 1; later < shape(0).rank(); ++later) {
      inner *= shape(0)[later];
    }
    const int64_t count = shape(0)[static_cast<int>(axis)];
    for (int64_t first = 0; first < size(); ++first) {
      if (first / inner % count != 0) continue;
      if (is_integer()) {
        softmax_integers(first, inner, count);
      } else {
        softmax_reals(first, inner, count);
      }
    }
  }
  void softmax_integers(int64_t first, int64_t inner, int64_t count) {
    const Params y = params(output_);
    const auto table = softmax_table(params(*input_values_[0]).scale);
    std::vector<uint8_t> from(static_cast<size_t>(count));
    for (int64_t k = 0; k < count; ++k) {
      from[static_cast<size_t>(k)] = static_cast<uint8_t>(raw(0, first + k * inner));
    }
    const SoftmaxRow row = softmax_row(from, table.data());
    const SoftmaxParams p{table.data(), y.scale, y.zero_point, y.qmin, y.qmax};
    for (int64_t k = 0; k < count; ++k) {
      set(first + k * inner, quantized_softmax(from[static_cast<size_t>(k)], row, p));
    }
  }
  // exp has a relative error below 2^-22, and its argument one of 2^-24 * |x - max|.
  void softmax_reals(int64_t first, int64_t inner, int64_t count) {
    double maximum = -std::numeric_limits<double>::infinity();
    double minimum = std::numeric_limits<double>::infinity();
    for (int64_t k = 0; k < count; ++k) {
      maximum = std::max(maximum, raw(0, first + k * inner));
      minimum = std::min(minimum, raw(0, first + k * inner));
    }
    double sum = 0;
    for (int64_t k = 0; k < count; ++k) sum += std::exp(raw(0, first + k * inner) - maximum);
    for (int64_t k = 0; k < count; ++k) {
      const double y = std::exp(raw(0, first + k * inner) - maximum) / sum;
      const double relative = (static_cast<double>(count) + 8 + 2 * (maximum - minimum)) * kEpsilon;
      set(first + k * inner, y, relative * y);
    }
  }

  void move() {
    const auto* const pad = std::get_if<PadAttributes>(&node_.attributes);
    const auto value = static_cast<float>(pad ? pad->value : 0);
    const MoveOracle oracle(node_, shape(0), output_.shape, has(1) ? &inputs_[1] : nullptr);
    for (int64_t i = 0; i < size(); ++i) {
      const int64_t from = oracle.source_of(i);
      const double fill = is_integer() ? to_output(value) : double{value};
      set(i, from == kFilled ? fill : raw(0, from));
    }
  }

  void resize() {
    for (int64_t i = 0; i < size(); ++i) {
      const auto& attributes = std::get<ResizeAttributes>(node_.attributes);
      const double y = resized(attributes, shape(0), output_.shape, i,
                               [&](int64_t at) { return double{real(0, at)}; });
      // Coordinates are float32, so weights are off by their place times 2^-23; ties fall either
      // way.
      const bool is_exact = attributes.mode == ResizeMode::kNearest;
      const double bound = is_exact ? 0 : is_integer() ? 1 : 64 * kEpsilon * 16;
      set(i, is_integer() ? to_output(static_cast<float>(y)) : y, bound);
    }
  }

  void concat() {
    int64_t axis = std::get<AxisAttributes>(node_.attributes).axis;
    if (axis < 0) axis += output_.shape.rank();
    int64_t outer = 1;
    for (int64_t i = 0; i < axis; ++i) outer *= output_.shape[static_cast<int>(i)];
    int64_t to = 0;
    for (int64_t o = 0; o < outer; ++o) {
      for (size_t input = 0; input < inputs_.size(); ++input) {
        const int64_t count = *shape(input).element_count() / outer;
        for (int64_t i = 0; i < count; ++i) set(to++, converted(input, o * count + i));
      }
    }
  }

  void unary() {  // whose formulas give the same bits however they are run
    const auto& [parameters, by_tanh] = std::get<UnaryAttributes>(node_.attributes);
    const UnaryFunction f = by_tanh ? UnaryFunction::kGeluTanh : *unary_function(node_.op);
    for (int64_t i = 0; i < size(); ++i) {
      const float y = evaluate(f, real(0, i), parameters);
      set(i, is_integer() ? to_output(y) : double{y});
    }
  }

  const Node& node_;
  std::span<const Tensor> inputs_;
  const Value& output_;
  std::vector<const Value*> input_values_;
  Expected expected_;
};

}  // namespace lowbit::test

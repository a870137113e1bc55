// A sum of products as NodeOracle adds it: all of it, and, where the weights are in groups, each
// group by itself; and the integer that it becomes.
#pragma once

#include <cmath>
#include <map>

#include "graph/product_weights.h"
#include "qmath/quantize.h"
#include "qmath/requantize_groups.h"

namespace lowbit::test {

struct WeightPlace {
  const Value& weight;
  int64_t element;
  int64_t tap;
  int64_t k;  // row in the tap
};

struct ProductSum {
  double total = 0;
  double magnitude = 0;
  int64_t terms = 0;
  struct Group {
    double total = 0;
    float scale = 0;
  };
  std::map<int64_t, Group> groups{};  // in the order in which they are added
  double bias = 0;                    // of groups

  void add(double x, double w) {
    total += x * w;
    magnitude += std::abs(x * w);
    ++terms;
  }

  void add_bias(double b, double factor = 1) {
    bias = b;
    add(factor, b);
  }

  // `q`: the element at that place; among floats, what it stands for counts.
  void add_weight(double x, double q, const WeightPlace& at, bool among_integers) {
    const std::optional<QuantParams>& quant = at.weight.quant;
    if (!quant) return add(x, q);
    const size_t index = ScaleIndex(*quant, at.weight.shape).of(static_cast<size_t>(at.element));
    q -= quant->zero_point[index];
    if (among_integers && quant->block_size == 0) return add(x, q);
    const float scale = quant->scale[index];
    if (!among_integers) return add(x, double{dequantize(static_cast<int32_t>(q), scale, 0)});
    Group& group = groups[(at.tap << 32) + at.k / quant->block_size];
    group.total += x * q;
    group.scale = scale;
  }
};

struct RequantizedProduct {
  const Node& node;
  const Value& weight;
  float input_scale;
  float output_scale;
  int32_t output_zero_point;
  int32_t qmin;  // the activation's bounds
  int32_t qmax;

  float multiplier(float scale) const {
    return requantize_multiplier(input_scale, scale, output_scale);
  }

  int32_t of(const ProductSum& sum, int64_t channel) const {
    const QuantParams& quant = *weight.quant;
    const int axis = output_channel_axis(node, weight.shape);
    const float of_channel =
        multiplier(channel_scales(quant, weight.shape, axis)[static_cast<size_t>(channel)]);
    if (quant.block_size == 0) {
      return requantize(static_cast<int32_t>(sum.total), of_channel, output_zero_point, qmin, qmax);
    }
    float total = group_term(static_cast<int32_t>(sum.bias), of_channel);
    for (const auto& [order, group] : sum.groups) {
      total += group_term(static_cast<int32_t>(group.total), multiplier(group.scale));
    }
    return requantize_groups(total, output_zero_point, qmin, qmax);
  }
};

}  // namespace lowbit::test

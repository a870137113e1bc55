// Networks of one layer, one for each form that quantize/linear_layer.h sees as matrix products.
#pragma once

#include <string>
#include <vector>

#include "support/graph_builder.h"

namespace lowbit::test {

struct LayerCase {
  std::string name;
  Graph graph;
  Shape input;
};

inline std::vector<LayerCase> layer_cases() {
  std::vector<LayerCase> cases;
  const auto add = [&](const char* name, const Shape& shape, auto make) {
    GraphBuilder b;
    Shape symbolic = shape;
    symbolic[0] = b.symbol("N");
    const ValueId x = b.input("x", symbolic);
    cases.push_back({name, b.output(make(b, x)).build(), shape});
  };
  const auto conv = [&](const char* name, const Shape& shape, const ConvOptions& options) {
    add(name, shape, [&](GraphBuilder& b, ValueId x) { return b.conv(x, options); });
  };
  conv("1x1", {3, 4, 5, 5}, {.channels = 6});
  conv("3x3 with padding", {2, 3, 6, 5},
       {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  conv("5x3, strides, dilation and uneven padding", {2, 2, 11, 9},
       {.channels = 3,
        .kernel = {3, 2},
        .stride = {2, 3},
        .dilation = {2, 1},
        .padding = {1, 0, 2, 1}});
  conv("padding SAME", {2, 2, 7, 7},
       {.channels = 3, .kernel = {3, 3}, .stride = {2, 2}, .auto_pad = AutoPad::kSameUpper});
  conv("groups", {2, 6, 4, 4},
       {.channels = 9, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 3});
  conv("depthwise without bias", {2, 5, 6, 6},
       {.channels = 5, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .groups = 5, .has_bias = false});
  add("gemm", {7, 6}, [](GraphBuilder& b, ValueId x) { return b.gemm(x, {.features = 4}); });
  add("gemm of a matrix that is not transposed", {7, 6},
      [](GraphBuilder& b, ValueId x) { return b.gemm(x, {.features = 4, .transpose_b = false}); });
  add("gemm with one bias for all", {7, 6}, [](GraphBuilder& b, ValueId x) {
    const ValueId y = b.gemm(x, {.features = 4});
    b.graph().nodes.back().inputs[2] = b.random_constant("bias", {1}, 1, 2);
    return y;
  });
  add("matmul", {3, 5, 6}, [](GraphBuilder& b, ValueId x) { return b.matmul(x, 4); });
  add("matmul of images", {2, 3, 4, 5}, [](GraphBuilder& b, ValueId x) { return b.matmul(x, 6); });
  return cases;
}

}  // namespace lowbit::test

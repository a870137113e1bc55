// Random directed acyclic graphs of every operator.
#pragma once

#include <string>
#include <vector>

#include "support/graph_builder.h"

namespace lowbit::test {

class RandomGraph {
 public:
  RandomGraph(uint64_t seed, bool integer) : b_(seed), integer_(integer) {
    const Shape shape{2, 1 + below(5), 3 + below(4), 3 + below(4)};
    const int inputs = 1 + static_cast<int>(below(2));
    for (int i = 0; i < inputs; ++i) {
      const std::string name = "input" + std::to_string(i);
      values_.push_back(integer ? b_.input_u8(name, shape, random_params())
                                : b_.input(name, shape));
    }
  }

  Graph build(int nodes) {
    while (static_cast<int>(b_.graph().nodes.size()) < nodes) add_random();
    // What nobody reads is an output, and so is, now and then, what somebody does.
    std::vector<bool> is_read(b_.graph().values.size());
    for (const Node& node : b_.graph().nodes) {
      for (const ValueId id : node.inputs) is_read[static_cast<size_t>(id)] = true;
    }
    for (const Node& node : b_.graph().nodes) {
      if (!is_read[static_cast<size_t>(node.output)] || below(6) == 0) b_.output(node.output);
    }
    return b_.build();
  }

 private:
  int64_t below(uint32_t bound) { return b_.random().below(bound); }
  ValueId pick() {
    return values_[static_cast<size_t>(below(static_cast<uint32_t>(values_.size())))];
  }
  const Shape& shape(ValueId id) { return b_.graph().value(id).shape; }
  QuantParams random_params() {
    return activation_params(b_.random().uniform(0.01f, 0.05f), static_cast<int32_t>(below(256)));
  }
  // Operators that only move values keep their input's parameters.
  ValueId with_params(ValueId id) {
    if (integer_) b_.set_quant(id, random_params());
    return id;
  }

  // Another value of the same shape; the value itself when there is none.
  ValueId partner(ValueId x) {
    for (int attempt = 0; attempt < 8; ++attempt) {
      const ValueId other = pick();
      if (shape(other) == shape(x)) return other;
    }
    return x;
  }

  void add_random() {
    const ValueId x = pick();
    const bool is_image = shape(x).rank() == 4;
    switch (below(is_image ? 11 : 6)) {
      case 0:
        return keep(below(2) == 0 ? b_.relu(x) : with_params(b_.unary(Op::kTanh, x)));
      case 1:
        return keep(with_params(b_.add(x, partner(x))));
      case 2:
        return keep(with_params(b_.concat({x, partner(x)}, 1)));
      case 3:
        return keep(below(2) == 0 ? b_.identity(x) : b_.clip(x, -0.5f, 1));
      case 4: {
        if (shape(x).rank() != 2) return keep(b_.flatten(x));
        return keep(with_params(b_.gemm(x, {.features = 1 + below(9)})));
      }
      case 5: {
        if (!integer_ && is_image) return keep(b_.batch_norm(x));
        const ValueId y = b_.softmax(x, 1);
        if (integer_) b_.set_quant(y, activation_params(1.0f / 256, 0));
        return keep(y);
      }
      case 6:
        return keep(with_params(
            b_.conv(x, {.channels = 1 + below(9), .kernel = {3, 3}, .padding = {1, 1, 1, 1}})));
      case 7:
        return keep(with_params(b_.conv(x, {.channels = 1 + below(9)})));
      case 8:
        return keep(with_params(b_.depthwise_conv(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}})));
      case 9:
        return keep(b_.max_pool(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
      default:
        return keep(with_params(b_.global_average_pool(x)));
    }
  }

  void keep(ValueId id) { values_.push_back(id); }

  GraphBuilder b_;
  bool integer_;
  std::vector<ValueId> values_;
};

}  // namespace lowbit::test

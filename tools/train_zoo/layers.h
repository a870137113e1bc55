// Builds a Graph layer by layer, with weights drawn from a seed (He et al. 2015: normal with
// variance 2 / fan-in). A layer's node and its output have the layer's name; its constants are
// "conv1.weight", "bn1.scale" and so on.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "graph/graph.h"

namespace lowbit::zoo {

struct ConvLayer {
  int64_t channels = 1;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t groups = 1;
  bool has_bias = false;  // a batch normalization that follows has its own
};

class Layers {
 public:
  // The input "image": [batch, 1, 28, 28].
  Layers(std::string name, uint64_t seed);

  ValueId image() const { return graph_.inputs.front(); }

  ValueId conv(const std::string& name, ValueId x, const ConvLayer& layer);
  ValueId batch_norm(const std::string& name, ValueId x);
  ValueId relu(const std::string& name, ValueId x);
  ValueId relu6(const std::string& name, ValueId x);
  ValueId add(const std::string& name, ValueId a, ValueId b);
  ValueId max_pool2(const std::string& name, ValueId x);
  ValueId global_average_pool(const std::string& name, ValueId x);
  ValueId flatten(const std::string& name, ValueId x);
  // Fully connected. The output is called `output` where the node's name will not do.
  ValueId fc(const std::string& name, ValueId x, int64_t features, const std::string& output = {});

  Result<Graph> build(ValueId output) &&;

 private:
  ValueId node(Op op, const std::string& name, std::vector<ValueId> inputs, Attributes attributes,
               const std::string& output = {});
  ValueId weights(const std::string& name, const Shape& shape, int64_t fan_in);
  ValueId filled(const std::string& name, int64_t count, float value);
  // The channels, or features, of a value.
  int64_t width(ValueId id) const { return widths_[static_cast<size_t>(id)]; }
  void set_width(ValueId id, int64_t width);
  float normal();

  Graph graph_;
  Random random_;
  std::vector<int64_t> widths_;
  Status status_ = success();  // the first failure
};

}  // namespace lowbit::zoo

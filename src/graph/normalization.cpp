#include "graph/normalization.h"

#include <cmath>
#include <string>

#include "base/text.h"
#include "graph/errors.h"

namespace lowbit {

namespace {

std::vector<double> to_double(const Value& value) {
  const std::span<const float> data = value.constant->data<float>();
  return {data.begin(), data.end()};
}

}  // namespace

Result<Normalization> read_normalization(const Graph& graph, const Node& node) {
  const auto parameter = [&](size_t input) { return to_double(graph.value(node.inputs[input])); };
  const double epsilon =
      static_cast<double>(std::get<BatchNormalizationAttributes>(node.attributes).epsilon);
  Normalization result{.gain = parameter(1), .mean = parameter(3), .bias = parameter(2)};
  const std::vector<double> variance = parameter(4);
  for (size_t c = 0; c < variance.size(); ++c) {
    const double shifted = variance[c] + epsilon;
    // NaN passes: it ends up in the weights, where quantize() finds and names it.
    if (shifted <= 0) {
      return node_error(ErrorCode::kInvalidModel, node,
                        format_text("variance + epsilon is not above 0 in channel {}", c));
    }
    result.gain[c] /= std::sqrt(shifted);
  }
  return result;
}

}  // namespace lowbit

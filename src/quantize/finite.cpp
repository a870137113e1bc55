#include "quantize/finite.h"

#include <algorithm>
#include <cmath>

namespace lowbit {

Status check_finite_constants(const Graph& graph) {
  for (const Value& value : graph.values) {
    if (!value.constant || value.dtype != DType::kF32) continue;
    const auto data = value.constant->data<float>();
    const auto bad = std::ranges::find_if_not(data, [](float x) { return std::isfinite(x); });
    if (bad != data.end()) {
      return make_error(ErrorCode::kNonFinite,
                        "element " + std::to_string(bad - data.begin()) + " of weight '" +
                            value.name + "' is NaN or infinite",
                        value.name);
    }
  }
  return success();
}

}  // namespace lowbit

#include "quantize/finite.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace lowbit {

Status check_finite_constants(const Graph& graph) {
  for (const Value& value : graph.values) {
    if (!value.constant || value.dtype != DType::kF32) continue;
    const auto data = value.constant->data<float>();
    const auto bad = std::ranges::find_if_not(data, [](float x) { return std::isfinite(x); });
    if (bad != data.end()) {
      return make_error(ErrorCode::kNonFinite,
                        format_text("element {} of weight '{}' is NaN or infinite",
                                    bad - data.begin(), value.name),
                        value.name);
    }
  }
  return success();
}

}  // namespace lowbit

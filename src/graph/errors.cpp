#include "graph/errors.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace lowbit {

Failure node_error(ErrorCode code, const Node& node, const Text& message) {
  return make_error(code,
                    format_text("node '{}' ({}): {}", node.name, op_info(node.op).name, message),
                    node.name);
}

Failure value_error(ErrorCode code, const Value& value, const Text& message) {
  return make_error(code, format_text("value '{}': {}", value.name, message), value.name);
}

std::string count_of(int64_t count, std::string_view noun) {
  return format_text("{} {}{}", count < 0 ? Text("?") : Text(count), noun, count == 1 ? "" : "s");
}

std::string real_text(float real) {
  if (std::isnan(real)) return "nan";
  const std::string sign = std::signbit(real) ? "-" : "";
  double x = std::abs(static_cast<double>(real));
  if (std::isinf(x)) return sign + "inf";
  if (x == 0) return sign + "0";

  // |real| = x * 10^exponent, 1 <= x < 10. A double keeps 15 digits right, so 45 steps leave far
  // more than nine.
  int exponent = 0;
  for (; x >= 10; ++exponent) x /= 10;
  for (; x < 1; --exponent) x *= 10;
  std::string digits = format_text("{}", static_cast<int64_t>(std::nearbyint(x * 1e8)));
  if (digits.size() > 9) ++exponent;  // rounded up to the next power of ten
  digits.erase(digits.find_last_not_of('0') + 1);

  const bool is_scientific = exponent < -4 || exponent > 8;
  const int leading = is_scientific ? 1 : exponent + 1;  // digits before the point
  if (leading < 1) digits.insert(0, static_cast<size_t>(1 - leading), '0');
  const auto point = static_cast<size_t>(std::max(leading, 1));
  if (digits.size() < point) digits.append(point - digits.size(), '0');
  if (digits.size() > point) digits.insert(point, 1, '.');
  return sign + digits + (is_scientific ? format_text("e{}", exponent) : "");
}

}  // namespace lowbit

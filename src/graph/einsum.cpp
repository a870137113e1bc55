#include "graph/einsum.h"

#include "base/text.h"
#include "graph/shape_checks.h"

namespace lowbit {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Failure malformed(std::string_view equation) {
  return make_error(ErrorCode::kInvalidModel,
                    format_text("'{}' is not an equation of letters, such as 'ab,bc->ac'",
                                std::string(equation)));
}

}  // namespace

Result<Einsum> parse_einsum(std::string_view equation) {
  const size_t arrow = equation.find("->");
  if (arrow == std::string_view::npos) return malformed(equation);
  Einsum einsum;
  einsum.operands.emplace_back();
  for (const char c : equation.substr(0, arrow)) {
    if (c == ',') {
      einsum.operands.emplace_back();
    } else if (is_letter(c)) {
      einsum.operands.back() += c;
    } else {
      return malformed(equation);
    }
  }
  const std::string_view all_operands = equation.substr(0, arrow);
  for (const char c : equation.substr(arrow + 2)) {
    const bool is_new = is_letter(c) && einsum.output.find(c) == std::string::npos;
    if (!is_new || all_operands.find(c) == std::string_view::npos) return malformed(equation);
    einsum.output += c;
  }
  einsum.letters = einsum.output;
  for (const char c : all_operands) {
    if (c != ',' && einsum.index(c) == std::string::npos) einsum.letters += c;
  }
  if (einsum.letters.size() > size_t{kMaxRank}) {
    return make_error(ErrorCode::kLimitExceeded,
                      format_text("its equation has {} letters; at most {} are supported",
                                  einsum.letters.size(), kMaxRank));
  }
  return einsum;
}

Result<std::vector<int64_t>> einsum_dims(const Einsum& einsum, const std::vector<Shape>& operands) {
  std::vector<int64_t> dims(einsum.letters.size(), 1);
  if (operands.size() != einsum.operands.size()) {
    return make_error(ErrorCode::kShapeMismatch,
                      format_text("its equation has {} operands, it has {}", einsum.operands.size(),
                                  operands.size()));
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    const std::string& letters = einsum.operands[i];
    const Shape& shape = operands[i];
    bool fits = letters.size() == static_cast<size_t>(shape.rank());
    for (int axis = 0; fits && axis < shape.rank(); ++axis) {
      int64_t& dim = dims[einsum.index(letters[static_cast<size_t>(axis)])];
      fits = may_equal(dim, shape[axis]) || dim == 1 || shape[axis] == 1;
      if (shape[axis] != 1) dim = dim == 1 ? shape[axis] : known_of(dim, shape[axis]);
    }
    if (!fits) {
      return make_error(ErrorCode::kShapeMismatch,
                        format_text("operand {}, which is called '{}', has the shape {}", i,
                                    letters, shape.to_string()));
    }
  }
  return dims;
}

}  // namespace lowbit

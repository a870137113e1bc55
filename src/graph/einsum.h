// The equation of Einsum: a letter names a dimension in each operand and in the output; what has
// the same letter is walked together, and what the output lacks is summed (numpy's einsum, with the
// output always written).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/shape.h"

namespace lowbit {

struct Einsum {
  std::vector<std::string> operands;
  std::string output;
  std::string letters;  // of the output, then those that are summed; at most kMaxRank

  // Where a letter is in `letters`.
  size_t index(char letter) const { return letters.find(letter); }
};

// "ab,bc->ac": letters only, no blanks, no ellipsis. Errors: kInvalidModel; kLimitExceeded (more
// letters than a tensor has dimensions).
Result<Einsum> parse_einsum(std::string_view equation);

// The dimension of each letter, in the order of `letters`; 1 goes with any. Errors: kShapeMismatch.
Result<std::vector<int64_t>> einsum_dims(const Einsum& einsum, const std::vector<Shape>& operands);

}  // namespace lowbit

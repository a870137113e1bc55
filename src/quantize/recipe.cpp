#include "quantize/recipe.h"

#include "base/text.h"

namespace lowbit {

namespace {

Status check_bits(int bits, int fewest, const char* where) {
  if (bits >= fewest && bits <= 8) return success();
  return make_error(ErrorCode::kInvalidArgument, format_text("{} bits are not supported", bits),
                    where);
}

}  // namespace

Status validate_recipe(const Recipe& recipe) {
  LOWBIT_TRY(check_bits(recipe.weight_bits, 2, "weights.bits"));
  return check_bits(recipe.activation_bits, 8, "activations.bits");
}

}  // namespace lowbit

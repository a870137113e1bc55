#include "quantize/recipe.h"

#include "base/text.h"

namespace lowbit {

namespace {

Status check_bits(int bits, const char* where) {
  if (bits == 8) return success();
  return make_error(ErrorCode::kInvalidArgument, format_text("8 bits are supported, not {}", bits),
                    where);
}

}  // namespace

Status validate_recipe(const Recipe& recipe) {
  LOWBIT_TRY(check_bits(recipe.weight_bits, "weights.bits"));
  return check_bits(recipe.activation_bits, "activations.bits");
}

}  // namespace lowbit

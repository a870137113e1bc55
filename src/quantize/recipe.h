// How to quantize: plain data, the same in C++, TypeScript, the command line and the page.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace lowbit {

enum class Granularity : uint8_t { kPerTensor, kPerChannel };

struct Recipe {
  int weight_bits = 8;      // 2 to 8; products hold those of 4 or fewer two in a byte
  int activation_bits = 8;  // 8
  Granularity weight_granularity = Granularity::kPerChannel;
};

// Errors: kInvalidArgument; `where` names the field.
Status validate_recipe(const Recipe& recipe);

}  // namespace lowbit

// What a value stands for, whatever its type.
#pragma once

#include <vector>

#include "engine/engine.h"

namespace lowbit {

// The reals of a float32 value or of integers with parameters, in the order in which they lie.
std::vector<float> real_values(const ValueView& view);

}  // namespace lowbit

// Doubles as decimal texts and back, each rounded correctly with whole numbers of any length. By
// hand: the C library's functions depend on a locale and, with what they need of long double, are
// many times this in the WebAssembly module.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lowbit {

// The double nearest to digits * 10^exponent, of two as near the even one; infinite beyond the
// largest. `digits` are any number of '0' to '9'.
double decimal_to_double(std::string_view digits, int64_t exponent);

// The fewest digits, rounded to nearest, that read back to the same double; 1e21 and more and less
// than 1e-6 with an exponent, as JavaScript writes them. `x` is finite.
std::string double_to_text(double x);

}  // namespace lowbit

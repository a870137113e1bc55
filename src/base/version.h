#pragma once

#include <string_view>

namespace lowbit {

// The version of the library, as in package.json.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace lowbit

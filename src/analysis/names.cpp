#include "analysis/names.h"

#include <algorithm>

namespace lowbit {

Failure unknown_name(const Text& kind, const std::string& wanted,
                     const std::vector<std::string>& names) {
  constexpr size_t kMostListed = 20;
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kMostListed); ++i) {
    if (i > 0) list += ", ";
    list += names[i];
  }
  if (names.size() > kMostListed) list += ", ...";
  return make_error(ErrorCode::kInvalidArgument,
                    format_text("no {} is called '{}'; there are {}", kind, wanted,
                                names.empty() ? "none" : list),
                    wanted);
}

}  // namespace lowbit

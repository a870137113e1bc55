#include "base/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string_view>
#include <vector>

namespace lowbit {

TEST_CASE("errors: every code has a name of its own in capitals, which JavaScript relies on") {
  const std::vector<ErrorCode> codes = {
#define LOWBIT_ERROR(name, code, when) ErrorCode::k##name,
#include "base/errors.inc"
#undef LOWBIT_ERROR
  };
  std::set<std::string_view> names;
  for (const ErrorCode code : codes) {
    const std::string_view name = error_code_name(code);
    CAPTURE(name);
    CHECK(names.insert(name).second);
    CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos);
  }
  CHECK(error_code_name(ErrorCode::kShapeMismatch) == "SHAPE_MISMATCH");
  CHECK(error_code_name(ErrorCode::kOutOfMemory) == "OUT_OF_MEMORY");
}

}  // namespace lowbit

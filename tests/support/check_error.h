// Checks that a Result is the error that a test expects: its code, and a part of its message or
// place.
#pragma once

#include <doctest/doctest.h>

#include <string_view>

#include "base/result.h"

namespace lowbit::test {

template <class T>
void check_error(const Result<T>& result, ErrorCode code, std::string_view part) {
  REQUIRE_FALSE(result.ok());
  const Error& error = result.error();
  INFO("message: ", error.message);
  INFO("where: ", error.where);
  CHECK(error_code_name(error.code) == error_code_name(code));
  const bool is_named =
      error.message.find(part) != std::string::npos || error.where.find(part) != std::string::npos;
  INFO("expected: ", part);
  CHECK(is_named);
}

}  // namespace lowbit::test

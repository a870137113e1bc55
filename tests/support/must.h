// Unwraps a Result that a test counts on: prints the error and ends the program where there is
// none.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "base/result.h"

namespace lowbit::test {

template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    const Error& error = result.error();
    std::fprintf(stderr, "must() met %s at '%s': %s\n",
                 std::string(error_code_name(error.code)).c_str(), error.where.c_str(),
                 error.message.c_str());
    std::abort();
  }
  return std::move(result).value();
}

}  // namespace lowbit::test

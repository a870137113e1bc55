#include "base/error.h"

namespace lowbit {

void Failure::destroy(const Error* error) { delete error; }

Failure make_error(ErrorCode code, std::string_view message, std::string_view where) {
  return Failure(new Error{code, std::string(message), std::string(where)});
}

}  // namespace lowbit

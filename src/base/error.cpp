#include "base/error.h"

namespace lowbit {

void Failure::destroy(const Error* error) { delete error; }

Failure make_error(ErrorCode code, const Text& message, const Text& where) {
  auto* error = new Error{code, {}, {}};
  message.append_to(error->message);
  where.append_to(error->where);
  return Failure(error);
}

Failure make_error(ErrorCode code, const Text& message) { return make_error(code, message, ""); }

}  // namespace lowbit

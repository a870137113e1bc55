// What went wrong, where, and what to do about it: the value that every failing function of Lowbit
// returns.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace lowbit {

// Generated from errors.inc: ErrorCode::kInvalidArgument, ...
enum class ErrorCode {
#define LOWBIT_ERROR(name, code, when) k##name,
#include "base/errors.inc"
#undef LOWBIT_ERROR
};

// The stable name that JavaScript sees, for example "SHAPE_MISMATCH".
constexpr std::string_view error_code_name(ErrorCode code) {
  switch (code) {
#define LOWBIT_ERROR(name, code_name, when) \
  case ErrorCode::k##name:                  \
    return code_name;
#include "base/errors.inc"
#undef LOWBIT_ERROR
  }
  return "UNKNOWN";
}

// `where` names the place (a node, a tensor, a byte offset, an argument); it may be empty.
struct Error {
  ErrorCode code;
  std::string message;
  std::string where;
};

// An Error on its way to whoever can tell of it. One pointer, because hundreds of calls hand it on:
// the code that does so is a good part of what a visitor downloads.
struct DeleteError {
  void operator()(const Error* error) const;
};
using Failure = std::unique_ptr<const Error, DeleteError>;

Failure make_error(ErrorCode code, std::string_view message, std::string_view where = {});

}  // namespace lowbit

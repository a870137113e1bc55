// What went wrong, where, and what to do about it: the value that every failing function of Lowbit
// returns.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

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

// Lets a class of one pointer travel in a register in spite of its destructor.
#if __has_cpp_attribute(clang::trivial_abi)
#define LOWBIT_TRIVIAL_ABI [[clang::trivial_abi]]
#else
#define LOWBIT_TRIVIAL_ABI
#endif

// An Error on its way to whoever can tell of it, or none; owns it. Not a std::unique_ptr, because
// hundreds of calls hand it on: the code that does so is a good part of what a visitor downloads.
class LOWBIT_TRIVIAL_ABI Failure {
 public:
  Failure() = default;
  [[gnu::always_inline]] explicit Failure(const Error* error) : error_(error) {}
  [[gnu::always_inline]] Failure(Failure&& other) noexcept
      : error_(std::exchange(other.error_, nullptr)) {}
  Failure& operator=(Failure&& other) noexcept {
    std::swap(error_, other.error_);
    return *this;
  }
  [[gnu::always_inline]] ~Failure() {
    if (error_ != nullptr) destroy(error_);
  }

  explicit operator bool() const { return error_ != nullptr; }
  const Error& operator*() const { return *error_; }
  const Error* operator->() const { return error_; }

 private:
  static void destroy(const Error* error);

  const Error* error_ = nullptr;
};

Failure make_error(ErrorCode code, const Text& message, const Text& where);
Failure make_error(ErrorCode code, const Text& message);

}  // namespace lowbit

// A value or an Error. Lowbit throws no exceptions: every function that can fail returns a Result.
//
//   Result<Tensor> t = Tensor::allocate(...);
//   if (!t) return t.error();
//   LOWBIT_ASSIGN(Tensor u, make_tensor());   // the same in one line
//   LOWBIT_TRY(check_something());            // for a Status
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/error.h"

namespace lowbit {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only on a Result that is ok().
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Only on a Result that is not ok().
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

struct Success {};
using Status = Result<Success>;
inline Status success() { return Success{}; }

inline Error make_error(ErrorCode code, std::string message, std::string where = {}) {
  return Error{code, std::move(message), std::move(where)};
}

#define LOWBIT_CONCAT_(a, b) a##b
#define LOWBIT_CONCAT(a, b) LOWBIT_CONCAT_(a, b)

#define LOWBIT_TRY_(name, expression)         \
  if (auto name = (expression); !name.ok()) { \
    return name.error();                      \
  }
#define LOWBIT_TRY(expression) LOWBIT_TRY_(LOWBIT_CONCAT(status_, __LINE__), expression)

#define LOWBIT_ASSIGN_(name, declaration, expression) \
  auto name = (expression);                           \
  if (!name.ok()) return name.error();                \
  declaration = std::move(name).value()
#define LOWBIT_ASSIGN(declaration, expression) \
  LOWBIT_ASSIGN_(LOWBIT_CONCAT(result_, __LINE__), declaration, expression)

}  // namespace lowbit

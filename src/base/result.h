// A value or an Error. Lowbit throws no exceptions: every function that can fail returns a Result.
//
//   Result<Tensor> t = Tensor::allocate(...);
//   if (!t) return std::move(t).failure();
//   LOWBIT_ASSIGN(Tensor u, make_tensor());   // the same in one line
//   LOWBIT_TRY(check_something());            // for a Status
#pragma once

#include <concepts>
#include <optional>
#include <utility>

#include "base/error.h"

namespace lowbit {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T&& value) : value_(std::move(value)) {}
  Result(const T& value)
    requires std::copy_constructible<T>
      : value_(value) {}
  [[gnu::always_inline]] Result(Failure failure) : failure_(std::move(failure)) {}

  // Inlined where it is known that there is no error to delete, hence everywhere.
  [[gnu::always_inline]] ~Result() = default;
  Result(Result&&) = default;
  Result& operator=(Result&&) = default;

  bool ok() const { return !failure_; }
  explicit operator bool() const { return ok(); }

  // Only on a Result that is ok().
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Only on a Result that is not ok().
  const Error& error() const { return *failure_; }
  Failure failure() && { return std::move(failure_); }

 private:
  std::optional<T> value_;
  Failure failure_;
};

// A Result without a value, in one register.
struct Success {};
template <>
class LOWBIT_TRIVIAL_ABI [[nodiscard]] Result<Success> {
 public:
  Result(Success) {}
  [[gnu::always_inline]] Result(Failure failure) : failure_(std::move(failure)) {}

  Result(Result&&) = default;
  Result& operator=(Result&&) = default;
  [[gnu::always_inline]] ~Result() = default;

  bool ok() const { return !failure_; }
  explicit operator bool() const { return ok(); }
  Success value() const { return {}; }

  // Only on a Result that is not ok().
  const Error& error() const { return *failure_; }
  Failure failure() && { return std::move(failure_); }

 private:
  Failure failure_;
};
using Status = Result<Success>;
inline Status success() { return Success{}; }

#define LOWBIT_CONCAT_(a, b) a##b
#define LOWBIT_CONCAT(a, b) LOWBIT_CONCAT_(a, b)

#define LOWBIT_TRY_(name, expression)         \
  if (auto name = (expression); !name.ok()) { \
    return std::move(name).failure();         \
  }
#define LOWBIT_TRY(expression) LOWBIT_TRY_(LOWBIT_CONCAT(status_, __LINE__), expression)

#define LOWBIT_ASSIGN_(name, declaration, expression) \
  auto name = (expression);                           \
  if (!name.ok()) return std::move(name).failure();   \
  declaration = std::move(name).value()
#define LOWBIT_ASSIGN(declaration, expression) \
  LOWBIT_ASSIGN_(LOWBIT_CONCAT(result_, __LINE__), declaration, expression)

}  // namespace lowbit

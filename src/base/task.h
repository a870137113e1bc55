// Long work in short pieces, in one thread: a coroutine that pauses, so that its caller can report
// progress, answer messages or give up.
//
//   Task<Graph> adaround(...) {
//     for (int i = 0; i < iterations; ++i) {
//       ...
//       co_yield Progress{"adaround", static_cast<double>(i) / iterations};
//     }
//     LOWBIT_CO_ASSIGN(Graph graph, make_graph());   // LOWBIT_ASSIGN and LOWBIT_TRY of a coroutine
//     co_return graph;
//   }
//   Result<Graph> graph = finish(adaround(...), context);
//
// Between two pauses lie at most some 20 ms of work. What a Task takes by reference must outlive
// it. A Task that is destroyed before it is done leaves nothing behind.
#pragma once

#include <coroutine>
#include <optional>
#include <string_view>
#include <utility>

#include "base/context.h"
#include "base/result.h"

namespace lowbit {

struct Progress {
  std::string_view stage;  // a literal
  double fraction = 0;     // of the stage, done so far, in [0, 1]
};

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    Progress progress;
    std::optional<Result<T>> result;

    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(Progress now) {
      progress = now;
      return {};
    }
    template <class Value>
    void return_value(Value&& value) {
      result.emplace(std::forward<Value>(value));
    }
    void unhandled_exception() {}
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // Works until the next pause or the end; true when it is done. Not to be called after that.
  bool step() {
    handle_.resume();
    return handle_.done();
  }
  // At the last pause.
  Progress progress() const { return handle_.promise().progress; }
  // Once it is done.
  Result<T> result() && { return *std::move(handle_.promise().result); }

 private:
  using Handle = std::coroutine_handle<promise_type>;
  explicit Task(Handle handle) : handle_(handle) {}

  Handle handle_;
};

// Does all of a task's work. Errors: the task's; kAborted when the context's caller cancelled.
template <class T>
Result<T> finish(Task<T> task, const Context& context = {}) {
  while (!task.step()) {
    const Progress progress = task.progress();
    LOWBIT_TRY(context.report(progress.stage, progress.fraction));
  }
  return std::move(task).result();
}

#define LOWBIT_CO_TRY_(name, expression)      \
  if (auto name = (expression); !name.ok()) { \
    co_return std::move(name).failure();      \
  }
#define LOWBIT_CO_TRY(expression) LOWBIT_CO_TRY_(LOWBIT_CONCAT(status_, __LINE__), expression)

#define LOWBIT_CO_ASSIGN_(name, declaration, expression) \
  auto name = (expression);                              \
  if (!name.ok()) co_return std::move(name).failure();   \
  declaration = std::move(name).value()
#define LOWBIT_CO_ASSIGN(declaration, expression) \
  LOWBIT_CO_ASSIGN_(LOWBIT_CONCAT(result_, __LINE__), declaration, expression)

// Does another task's work within this one, and pauses where it does.
#define LOWBIT_CO_FINISH_(task, name, declaration, expression) \
  auto task = (expression);                                    \
  while (!task.step()) co_yield task.progress();               \
  LOWBIT_CO_ASSIGN_(name, declaration, std::move(task).result())
#define LOWBIT_CO_FINISH(declaration, expression)                                                  \
  LOWBIT_CO_FINISH_(LOWBIT_CONCAT(task_, __LINE__), LOWBIT_CONCAT(result_, __LINE__), declaration, \
                    expression)

// The same for a task without a value, a Task<Success>.
#define LOWBIT_CO_DO_(task, expression)          \
  auto task = (expression);                      \
  while (!task.step()) co_yield task.progress(); \
  LOWBIT_CO_TRY(std::move(task).result())
#define LOWBIT_CO_DO(expression) LOWBIT_CO_DO_(LOWBIT_CONCAT(task_, __LINE__), expression)

}  // namespace lowbit

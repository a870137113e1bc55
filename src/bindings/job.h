// Long work that JavaScript takes in short steps: a Task, and how its result becomes JavaScript's.
#pragma once

#include <emscripten/val.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/task.h"
#include "bindings/values.h"

namespace lowbit::bindings {

class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  // {stage, fraction}, or null once it is done, or a failure. Not to be called after these two.
  virtual emscripten::val step() = 0;
  // What it made, once; after null only.
  virtual emscripten::val result() = 0;
};

// `Convert`: T -> val; what it holds lives as long as the task.
template <class T, class Convert>
class TaskJob final : public Job {
 public:
  TaskJob(Task<T> task, Convert convert) : convert_(std::move(convert)), task_(std::move(task)) {}

  emscripten::val step() override {
    if (!task_.step()) return to_progress(task_.progress());
    Result<T> result = std::move(task_).result();
    if (!result) return to_failure(result.error());
    made_ = std::move(*result);
    return emscripten::val::null();
  }

  emscripten::val result() override { return convert_(std::move(*made_)); }

 private:
  Convert convert_;  // keeps what the task refers to, and so outlives it
  Task<T> task_;
  std::optional<T> made_;
};

// A handle, which owns the work until JavaScript calls its delete().
template <class T, class Convert>
emscripten::val to_job(Task<T> task, Convert convert) {
  std::unique_ptr<Job> job =
      std::make_unique<TaskJob<T, Convert>>(std::move(task), std::move(convert));
  return emscripten::val(std::move(job));
}

}  // namespace lowbit::bindings

// Progress and cancellation of a long call, in one argument.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"

namespace lowbit {

struct Context {
  // Called between units of work with the stage's name and its fraction done in [0, 1]; return
  // false to cancel.
  std::function<bool(std::string_view stage, double fraction)> on_progress;

  // Reports progress; an Error with ErrorCode::kAborted when the caller cancelled.
  Status report(std::string_view stage, double fraction) const {
    if (on_progress && !on_progress(stage, fraction)) {
      return make_error(ErrorCode::kAborted, "the operation was cancelled", stage);
    }
    return success();
  }
};

}  // namespace lowbit

#include "base/context.h"

#include <doctest/doctest.h>

#include <string>

namespace lowbit {

TEST_CASE("Context: without a listener nothing is ever cancelled") {
  CHECK(Context{}.report("quantize", 0.5).ok());
}

TEST_CASE(
    "Context: tells the listener the stage and the fraction, and becomes an error when it "
    "cancels") {
  std::string seen;
  double last = -1;
  Context context;
  context.on_progress = [&](std::string_view stage, double fraction) {
    seen = stage;
    last = fraction;
    return fraction < 0.75;
  };
  CHECK(context.report("calibrate", 0.25).ok());
  CHECK(seen == "calibrate");
  CHECK(last == 0.25);
  const Status cancelled = context.report("calibrate", 0.75);
  REQUIRE_FALSE(cancelled.ok());
  CHECK(cancelled.error().code == ErrorCode::kAborted);
  CHECK(cancelled.error().where == "calibrate");
}

}  // namespace lowbit

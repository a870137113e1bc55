#include "base/task.h"

#include <memory>
#include <string>
#include <vector>

#include "doctest/doctest.h"
#include "support/check_error.h"

namespace lowbit {

using test::check_error;

namespace {

Task<int> count_to(int end) {
  for (int i = 1; i < end; ++i) co_yield Progress{"count", static_cast<double>(i) / end};
  co_return end;
}

Task<int> fail_after(int pauses) {
  LOWBIT_CO_FINISH(const int counted, count_to(pauses));
  LOWBIT_CO_TRY(Status(make_error(ErrorCode::kInvalidData, "it failed", "here")));
  co_return counted;
}

Task<std::string> name_sum(int a, int b) {
  LOWBIT_CO_FINISH(const int first, count_to(a));
  LOWBIT_CO_FINISH(const int second, count_to(b));
  LOWBIT_CO_ASSIGN(const std::string text, Result<std::string>(std::to_string(first + second)));
  co_return text;
}

}  // namespace

TEST_CASE("a task starts when it is stepped, pauses, and has its result at the end") {
  Task<int> task = count_to(3);
  CHECK_FALSE(task.step());
  CHECK(task.progress().stage == "count");
  CHECK(task.progress().fraction == doctest::Approx(1.0 / 3));
  CHECK_FALSE(task.step());
  CHECK(task.step());
  CHECK(*std::move(task).result() == 3);
}

TEST_CASE("a task within a task pauses where it does") {
  std::vector<double> fractions;
  const Context context{[&](std::string_view, double fraction) {
    fractions.push_back(fraction);
    return true;
  }};
  CHECK(*finish(name_sum(2, 4), context) == "6");
  CHECK(fractions == std::vector<double>{0.5, 0.25, 0.5, 0.75});
}

TEST_CASE("an error ends a task, and comes out of the one around it") {
  check_error(finish(fail_after(2)), ErrorCode::kInvalidData, "here");
}

TEST_CASE("a task that the caller cancels or drops frees what it holds") {
  const auto held = std::make_shared<int>(1);
  const auto holding = [](std::shared_ptr<int> value) -> Task<int> {
    co_yield Progress{"hold", 0.5};
    co_return *value;
  };
  check_error(finish(holding(held), Context{[](std::string_view, double) { return false; }}),
              ErrorCode::kAborted, "hold");
  CHECK(held.use_count() == 1);
  {
    Task<int> dropped = holding(held);
    CHECK_FALSE(dropped.step());
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
}

}  // namespace lowbit

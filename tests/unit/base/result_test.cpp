#include "base/result.h"

#include <doctest/doctest.h>

#include <memory>

namespace lowbit {
namespace {

Result<int> parse_digit(char c) {
  if (c < '0' || c > '9') return make_error(ErrorCode::kInvalidData, "not a digit", "byte 0");
  return c - '0';
}

Result<int> sum_of_digits(char a, char b) {
  LOWBIT_ASSIGN(const int first, parse_digit(a));
  LOWBIT_ASSIGN(const int second, parse_digit(b));
  return first + second;
}

Status check_digits(char a, char b, int& checked) {
  LOWBIT_TRY(parse_digit(a));
  ++checked;
  LOWBIT_TRY(parse_digit(b));
  ++checked;
  return success();
}

}  // namespace

TEST_CASE("Result: holds a value or an error, never both") {
  const Result<int> good = parse_digit('7');
  REQUIRE(good.ok());
  CHECK(static_cast<bool>(good));
  CHECK(*good == 7);

  const Result<int> bad = parse_digit('x');
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().code == ErrorCode::kInvalidData);
  CHECK(bad.error().message == "not a digit");
  CHECK(bad.error().where == "byte 0");
}

TEST_CASE("Result: carries values that can only be moved") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  REQUIRE(result.ok());
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 3);
}

TEST_CASE("LOWBIT_ASSIGN: hands on the first error and evaluates nothing after it") {
  CHECK(*sum_of_digits('4', '5') == 9);
  CHECK(sum_of_digits('x', '5').error().message == "not a digit");
  CHECK_FALSE(sum_of_digits('4', 'x').ok());
}

TEST_CASE("LOWBIT_TRY: returns at the first error") {
  int checked = 0;
  CHECK(check_digits('1', '2', checked).ok());
  CHECK(checked == 2);
  checked = 0;
  CHECK_FALSE(check_digits('1', 'x', checked).ok());
  CHECK(checked == 1);
}

}  // namespace lowbit

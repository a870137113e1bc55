#include "base/text.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

namespace lowbit {

TEST_CASE("text: values of every kind take the places of a pattern in their order") {
  const std::string name = "a name longer than the small-string buffer";
  const std::string_view part = std::string_view("abcdef").substr(1, 3);
  CHECK(format_text("{}|{}|{}|{}", "literal", name, part, 42) ==
        "literal|a name longer than the small-string buffer|bcd|42");
  CHECK(format_text("{}{}", "a", "b") == "ab");
  CHECK(format_text("the end {}", std::string_view()) == "the end ");
}

TEST_CASE("text: single braces stay") {
  CHECK(format_text("{'shape': ({})}", 3) == "{'shape': (3)}");
}

TEST_CASE("text: numbers are written whole") {
  CHECK(format_text("{}", std::numeric_limits<int64_t>::min()) == "-9223372036854775808");
  CHECK(format_text("{}", std::numeric_limits<uint64_t>::max()) == "18446744073709551615");
  CHECK(format_text("{} {}", 0, -70) == "0 -70");
  CHECK(format_text("{}", uint8_t{7}) == "7");
}

}  // namespace lowbit

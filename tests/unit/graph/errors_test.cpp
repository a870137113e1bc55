#include "graph/errors.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>
#include <limits>

#include "base/random.h"

namespace lowbit {

TEST_CASE("count_of: one has no plural, a symbol no number") {
  CHECK(count_of(3, "channel") == "3 channels");
  CHECK(count_of(1, "channel") == "1 channel");
  CHECK(count_of(-1, "channel") == "? channels");
}

TEST_CASE("real_text: nine digits, a power of ten where they would be many zeros") {
  CHECK(real_text(0.0f) == "0");
  CHECK(real_text(-0.0f) == "-0");
  CHECK(real_text(6.0f) == "6");
  CHECK(real_text(-0.1f) == "-0.100000001");
  CHECK(real_text(1200.5f) == "1200.5");
  CHECK(real_text(0.000125f) == "0.000125000006");
  CHECK(real_text(0x1p-13f) == "0.000122070312");  // a tie: to even
  CHECK(real_text(1e9f) == "1e9");
  CHECK(real_text(0x1p-20f) == "9.53674316e-7");
  CHECK(real_text(std::numeric_limits<float>::max()) == "3.40282347e38");
  CHECK(real_text(std::numeric_limits<float>::denorm_min()) == "1.40129846e-45");
  CHECK(real_text(-std::numeric_limits<float>::infinity()) == "-inf");
  CHECK(real_text(std::numeric_limits<float>::quiet_NaN()) == "nan");
}

TEST_CASE("real_text: tells every float from its neighbours") {
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto real = std::bit_cast<float>(static_cast<uint32_t>(random.next()));
    if (real != real) continue;
    const std::string text = real_text(real);
    CAPTURE(text);
    REQUIRE(std::strtof(text.c_str(), nullptr) == real);
  }
}

}  // namespace lowbit

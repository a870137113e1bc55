#include "kernels/unary/unary.h"

#include <doctest/doctest.h>

#include <limits>

#include "qmath/unary_functions.h"
#include "support/buffers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::random_floats;
using test::same_floats;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("unary_f32: the bits of the scalar formula for every function and count, in place too") {
  Random random(1);
  for (int f = 0; f <= static_cast<int>(UnaryFunction::kGeluTanh); ++f) {
    CAPTURE(f);
    const auto function = static_cast<UnaryFunction>(f);
    const UnaryParameters parameters{0.3f, 0.7f};
    for (const size_t count : std::initializer_list<size_t>{0, 1, 3, 4, 63, 64, 65, 128, 200}) {
      CAPTURE(count);
      auto x = random_floats(random, count, -20.0f, 20.0f);
      const float specials[] = {kNaN, kInfinity, -kInfinity, -0.0f, 0.0f, -90.0f, 90.0f, 1e-40f};
      for (size_t i = 0; i < count; i += 3) x[i] = specials[(i / 3) % 8];
      std::vector<float> expected;
      for (const float element : x) expected.push_back(evaluate(function, element, parameters));
      const auto n = static_cast<int64_t>(count);
      Guarded<float> y(count);
      unary_f32({x.data(), y.data(), n, function, parameters});
      CHECK(same_floats(y.values(), expected));
      Guarded<float> in_place(x);
      unary_f32({in_place.data(), in_place.data(), n, function, parameters});
      CHECK(same_floats(in_place.values(), expected));
      CHECK((y.intact() && in_place.intact()));
    }
  }
}

}  // namespace lowbit::kernels

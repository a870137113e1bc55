// A loop whose count is known to the compiler, unrolled however large its body is: vectors that an
// index picks then stay out of memory.
#pragma once

#include <type_traits>
#include <utility>

namespace lowbit::kernels {

// Calls body(i) for i = 0 .. kCount - 1; i converts to int and may serve as a template argument.
template <int kCount, class Body>
[[gnu::always_inline]] inline void unroll(Body&& body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, i>{}), ...);
  }(std::make_integer_sequence<int, kCount>{});
}

}  // namespace lowbit::kernels

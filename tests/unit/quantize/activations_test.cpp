#include "quantize/activations.h"

#include <doctest/doctest.h>

#include <array>

#include "qmath/quantize.h"
#include "support/must.h"

namespace lowbit {

TEST_CASE("activations: asymmetric ones use all integers of their bits") {
  for (int bits = 2; bits <= 8; ++bits) {
    const QuantParams p = activation_params({-1, 3}, {.bits = bits});
    CHECK(p.qmin == 0);
    CHECK(p.qmax == (1 << bits) - 1);
    CHECK(p.scale[0] == static_cast<float>(4.0 / p.qmax));
    CHECK(p.zero_point[0] == quantize(1.0f, p.scale[0], 0, 0, 255));
  }
}

TEST_CASE("activations: symmetric ones reach as far below zero as above") {
  for (int bits = 2; bits <= 8; ++bits) {
    const QuantParams p = activation_params({-1, 3}, {.bits = bits, .symmetric = true});
    const int32_t middle = 1 << (bits - 1);
    CHECK(
        p ==
        QuantParams{
            DType::kU8, 1, 2 * middle - 1, -1, {3.0f / static_cast<float>(middle - 1)}, {middle}});
    CHECK(quantize(3.0f, p.scale[0], middle, p.qmin, p.qmax) == p.qmax);
    CHECK(quantize(-3.0f, p.scale[0], middle, p.qmin, p.qmax) == p.qmin);
  }
  CHECK(activation_params({0, 0}, {.bits = 4, .symmetric = true}).scale[0] == 1.0f);
}

TEST_CASE("activations: the scale of a softmax brings 1 just beyond its integers") {
  CHECK(softmax_params({}) == QuantParams{DType::kU8, 0, 255, -1, {1.0f / 256}, {0}});
  CHECK(softmax_params({.bits = 2}) == QuantParams{DType::kU8, 0, 3, -1, {0.25f}, {0}});
  CHECK(softmax_params({.symmetric = true}) ==
        QuantParams{DType::kU8, 1, 255, -1, {1.0f / 128}, {128}});
}

TEST_CASE("activations: a tensor becomes integers within its range") {
  const std::array reals{-5.0f, -1.0f, 0.0f, 0.6f, 99.0f};
  const Tensor tensor = test::must(Tensor::from_values<float>({5}, std::span<const float>(reals)));
  const QuantParams params{DType::kU8, 2, 9, -1, {0.5f}, {4}};
  const Tensor integers = test::must(quantize_activation(tensor, params));
  const std::array<uint8_t, 5> expected{2, 2, 4, 5, 9};
  CHECK(std::ranges::equal(integers.data<uint8_t>(), expected));
}

}  // namespace lowbit

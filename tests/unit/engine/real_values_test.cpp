#include "engine/real_values.h"

#include <array>

#include "doctest/doctest.h"

using namespace lowbit;

TEST_CASE("integers become the reals that they stand for, and reals stay") {
  std::array<uint8_t, 3> integers = {0, 10, 255};
  const QuantParams params{.scale = {0.5f}, .zero_point = {10}};
  const ValueView quantized{.dtype = DType::kU8,
                            .shape = {3},
                            .data = reinterpret_cast<std::byte*>(integers.data()),
                            .quant = &params};
  CHECK(real_values(quantized) == std::vector<float>{-5.0f, 0.0f, 122.5f});

  std::array<float, 2> reals = {1.5f, -2.0f};
  const ValueView real{.shape = {2}, .data = reinterpret_cast<std::byte*>(reals.data())};
  CHECK(real_values(real) == std::vector<float>{1.5f, -2.0f});
}

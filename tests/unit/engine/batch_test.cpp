#include "engine/batch.h"

#include <array>

#include "doctest/doctest.h"
#include "support/graph_builder.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

int64_t batch_of(int64_t fixed, const Shape& samples) {
  GraphBuilder b;
  const ValueId x = b.input("x", {fixed > 0 ? fixed : b.symbol("N"), samples[1]});
  const Graph graph = b.output(b.relu(x)).build();
  return batch_for(graph, std::array{must(Tensor::allocate(DType::kF32, samples))});
}

}  // namespace

TEST_CASE("large samples run in small batches") {
  CHECK(batch_of(0, {100, 10}) == 32);
  CHECK(batch_of(0, {100, 256}) == 32);
  CHECK(batch_of(0, {100, 257}) == 16);
  CHECK(batch_of(0, {100, 784}) == 8);
  CHECK(batch_of(0, {100, 100'000}) == 1);
  CHECK(batch_of(0, {0, 784}) == 32);
}

TEST_CASE("a model of a fixed number of samples takes so many") {
  CHECK(batch_of(5, {100, 784}) == 5);
  CHECK(batch_of(1, {100, 10}) == 1);
}

#include "engine/planned_graph.h"

#include <array>

#include "doctest/doctest.h"
#include "support/check_error.h"
#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// y = 2 x, z = -y.
Graph chain() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 1});
  const ValueId y = b.name("y").gemm(x, {.features = 1, .weight = {2}, .bias = {0}});
  return b.output(b.name("z").gemm(y, {.features = 1, .weight = {-1}, .bias = {0}})).build();
}

Tensor samples(const std::vector<float>& values) {
  return must(Tensor::from_values<float>({static_cast<int64_t>(values.size()), 1}, values));
}

}  // namespace

TEST_CASE("a run ends at the value that is wanted, for batches of any size") {
  const Graph graph = chain();
  PlannedGraph planned(graph);
  for (const std::vector<float>& batch : {std::vector<float>{1, 2}, {3, 4}, {5, 6, 7}}) {
    for (const auto& [name, factor] : {std::pair{"x", 1.0f}, {"y", 2.0f}, {"z", -2.0f}}) {
      int visits = 0;
      must(planned.run_until(graph.find_value(name), std::array{samples(batch)},
                             [&](const ValueView& view) -> Status {
                               ++visits;
                               for (size_t i = 0; i < batch.size(); ++i) {
                                 CHECK(view.as<float>()[i] == factor * batch[i]);
                               }
                               return success();
                             }));
      CHECK(visits == 1);
    }
  }
}

TEST_CASE("what goes wrong in the run, in the visit or in the question is told") {
  const Graph graph = chain();
  PlannedGraph planned(graph);
  const auto visit = [](const ValueView&) -> Status { return success(); };
  const std::array wrong = {must(Tensor::allocate(DType::kF32, {1, 2}))};
  check_error(planned.run_until(graph.find_value("y"), wrong, visit), ErrorCode::kShapeMismatch,
              "x");
  const std::array right = {samples({1})};
  const auto refuse = [](const ValueView&) -> Status {
    return make_error(ErrorCode::kNonFinite, "refused");
  };
  check_error(planned.run_until(graph.find_value("y"), right, refuse), ErrorCode::kNonFinite,
              "refused");
  check_error(planned.run_until(graph.find_value("y.weight"), right, visit),
              ErrorCode::kInvalidArgument, "y.weight");
}

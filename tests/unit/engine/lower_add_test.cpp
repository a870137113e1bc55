#include <doctest/doctest.h>

#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

struct Operands {
  Shape a, b;
};
const Operands kOperands[] = {
    {{3, 5}, {3, 5}},
    {{3, 5}, {5}},
    {{3, 5}, {3, 1}},
    {{3, 5}, {1}},
    {{3, 5}, {}},
    {{}, {}},
    {{1, 5}, {3, 5}},
    {{3, 1}, {1, 5}},
    {{2, 4, 3, 5}, {2, 4, 3, 5}},
    {{2, 4, 3, 5}, {4, 1, 1}},
    {{2, 4, 3, 5}, {1, 4, 1, 1}},
    {{2, 4, 3, 5}, {2, 4, 1, 1}},
    {{2, 4, 3, 5}, {4, 3, 5}},
    {{2, 4, 3, 5}, {3, 5}},
    {{2, 4, 3, 5}, {1, 4, 3, 5}},
    {{2, 4, 1, 5}, {2, 1, 3, 5}},
    {{1, 4, 3, 5}, {2, 1, 3, 5}},
    {{2, 1, 3, 5}, {3, 5}},
    {{2, 3, 4}, {3, 1}},
};

TEST_CASE("Add broadcasts activations as numpy does") {
  for (const auto& [first, second] : kOperands) {
    CAPTURE(first.to_string());
    CAPTURE(second.to_string());
    GraphBuilder b;
    const ValueId y = b.add(b.input("a", first), b.input("b", second));
    b.set_activation(-1, 1.5f);
    check_plan(b.output(y).build());

    GraphBuilder q;
    const ValueId u = q.input_u8("a", first, activation_params(0.02f, 128));
    const ValueId v = q.add(u, q.input_u8("b", second, activation_params(0.035f, 40)));
    q.set_quant(v, activation_params(0.04f, 90));
    q.set_activation(-1, 1.5f);
    check_plan(q.output(v).build());
  }
}

TEST_CASE("Add broadcasts constants, on either side") {
  for (const auto& [first, second] : kOperands) {
    for (const bool constant_first : {false, true}) {
      CAPTURE(first.to_string());
      CAPTURE(second.to_string());
      GraphBuilder b;
      const ValueId x = b.input("x", first);
      const ValueId c = b.random_constant("c", second, -1, 1);
      check_plan(b.output(constant_first ? b.add(c, x) : b.add(x, c)).build());

      GraphBuilder q;
      const ValueId u = q.input_u8("u", first, activation_params(0.02f, 128));
      std::vector<uint8_t> integers(static_cast<size_t>(*second.element_count()));
      for (uint8_t& integer : integers) integer = static_cast<uint8_t>(q.random().below(256));
      const ValueId d = q.constant("d", second, integers);
      q.set_quant(d, activation_params(0.01f, 100));
      const ValueId v = constant_first ? q.add(d, u) : q.add(u, d);
      q.set_quant(v, activation_params(0.03f, 120));
      check_plan(q.output(v).build());
    }
  }
}

TEST_CASE("A sum of a value with itself, and one whose operands are both needed later") {
  GraphBuilder b;
  const ValueId x = b.relu(b.input("x", {2, 3, 4, 4}));
  const ValueId doubled = b.add(x, x);
  const ValueId again = b.add(x, doubled);
  check_plan(b.output(b.add(again, doubled)).build());
}

}  // namespace
}  // namespace lowbit::test

#include "graph/common_ops.h"

#include <doctest/doctest.h>

#include "graph/graph.h"

namespace lowbit {

TEST_CASE("common operators are operators of the Graph") {
  for (const std::string_view name : kCommonOps) {
    CAPTURE(name);
    CHECK(op_from_name(name));
    CHECK(is_common_op(name));
  }
  CHECK_FALSE(is_common_op("Einsum"));
}

}  // namespace lowbit

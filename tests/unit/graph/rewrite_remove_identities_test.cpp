#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;
using Names = std::vector<std::string>;

TEST_CASE("Identities and dropouts inside a graph vanish with their values") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  const ValueId y = b.relu(b.dropout(b.identity(b.identity(x))));
  const Graph graph = b.output(b.add(b.identity(y), y)).build();
  const Graph result = remove_identities(graph);
  CHECK(node_names(result) == Names{"relu1", "add1"});
  CHECK(result.values.size() == 3);
  check_equivalent(graph, result);
}

TEST_CASE("A graph output behind identities keeps its name") {
  GraphBuilder b;
  const ValueId y = b.relu(b.input("x", {2, 3}));
  const ValueId other = b.clip(y, 0, 1);
  const ValueId dropped = b.dropout(y);
  const ValueId z = b.name("logits").identity(dropped);
  const Graph graph = b.output(z).output(other).build();
  const Graph result = remove_identities(graph);
  CHECK(node_names(result) == Names{"relu1", "clip1"});
  CHECK(names_of(result, {result.nodes[0].output}) == Names{"logits"});
  CHECK(result.nodes[1].inputs[0] == result.nodes[0].output);
  check_equivalent(graph, result);
}

TEST_CASE("An identity between a graph input and a graph output stays") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  const Graph graph = b.output(b.identity(b.dropout(x))).build();
  const Graph result = remove_identities(graph);
  CHECK(node_names(result) == Names{"identity1"});
  check_equivalent(graph, result);
}

TEST_CASE("Of two graph outputs with the same value, each keeps its name") {
  GraphBuilder b;
  const ValueId y = b.relu(b.input("x", {2, 3}));
  const ValueId first = b.identity(y);
  const ValueId second = b.dropout(y);
  const ValueId third = b.identity(second);
  const Graph graph = b.output(second).output(first).output(third).build();
  const Graph result = remove_identities(graph);
  CHECK(node_names(result) == Names{"relu1", "dropout1", "identity2"});
  check_equivalent(graph, result);
}

TEST_CASE("A constant behind an identity is read directly") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  const ValueId c = b.random_constant("c", {3}, -1, 1);
  const Graph graph = b.output(b.add(x, b.identity(c))).build();
  const Graph result = remove_identities(graph);
  CHECK(node_names(result) == Names{"add1"});
  check_equivalent(graph, result);
}

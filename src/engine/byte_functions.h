// Between a DequantizeLinear of bytes and a QuantizeLinear to bytes, functions of each element on
// its own are a function of 256 values: a table, or nothing at all where it gives every byte
// itself, as it does where a model takes and gives integers.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"

namespace lowbit::engine {

using ByteTable = std::array<uint8_t, 256>;

class ByteFunctions {
 public:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  // Finds them, in linear time.
  explicit ByteFunctions(const Graph& graph);

  // Of a QuantizeLinear: the DequantizeLinear of which it gives a function, both with one pair of
  // known parameters; else kNone.
  size_t dequantizer(size_t node) const;
  // Of such a QuantizeLinear: its bytes for each of those that the DequantizeLinear reads, by the
  // engine itself. Errors: as make_plan and Plan::run.
  Result<ByteTable> table(size_t node) const;
  // A node whose reals nobody reads but these.
  bool is_skipped(size_t node) const { return is_skipped_[node]; }

 private:
  // A DequantizeLinear of bytes, or a function of reals that come from one.
  struct Link {
    size_t before = kNone;  // the node that makes what it reads
    int length = 0;         // of the chain; 0: none
  };
  Link link(const Node& node, const std::vector<size_t>& makers) const;

  const Graph& graph_;
  std::vector<Link> links_;       // per node
  std::vector<bool> is_skipped_;  // per node
};

}  // namespace lowbit::engine

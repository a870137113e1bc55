// What DequantizeLinear and QuantizeLinear in a row make of bytes: a function of 256 values, or
// nothing at all where both have the same parameters, as they do where a model takes and gives
// integers.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "graph/graph.h"

namespace lowbit::engine {

using ByteTable = std::array<uint8_t, 256>;

class ByteFunctions {
 public:
  // Finds them, in linear time.
  explicit ByteFunctions(const Graph& graph);

  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  // Of a QuantizeLinear: the DequantizeLinear that makes its reals of bytes, both with one pair of
  // known parameters; else kNone.
  size_t dequantizer(size_t node) const { return dequantizers_[node]; }
  // Of such a QuantizeLinear: its bytes for each of those that the DequantizeLinear reads.
  ByteTable table(size_t node) const;
  // A DequantizeLinear whose reals nobody reads but these.
  bool is_skipped(size_t node) const { return is_skipped_[node]; }

 private:
  const Graph& graph_;
  std::vector<size_t> dequantizers_;  // per node
  std::vector<bool> is_skipped_;      // per node
};

}  // namespace lowbit::engine

// The encoding half of write_onnx(): nodes, initializers and value infos to protobuf, and the file
// put together. It knows names and bytes, not what a Graph means. Fields are written in the order
// of their numbers, so bytes are deterministic.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx_tensor.h"
#include "formats/protobuf.h"
#include "graph/graph.h"

namespace lowbit {

// The attributes of one node, in the order in which they are added.
class AttributeWriter {
 public:
  void integer(std::string_view name, int64_t value);
  void real(std::string_view name, float value);
  void text(std::string_view name, std::string_view value);
  void integers(std::string_view name, std::span<const int64_t> values);

  std::span<const WireWriter> attributes() const { return attributes_; }

 private:
  std::vector<WireWriter> attributes_;
};

// A node of the file. An empty name is left out; an empty input is an optional one that is not
// given.
struct NodeText {
  std::string_view op{};
  std::string_view domain{};
  std::vector<std::string> inputs{};
  std::string output{};
  std::string name{};
  // Of two outputs, one of which is `output`, the other, which nothing reads.
  std::string unused_first{};
  std::string unused_second{};
};

class ModelWriter {
 public:
  // Names of values are reserved: no generated name equals one of them.
  ModelWriter(const Graph& graph, int64_t least_opset);

  // Of the file: the graph's, or the first that has all that the graph has, and the least.
  int64_t opset() const { return opset_; }

  // A name that nothing has: `letter` and a number.
  std::string fresh_name(char letter);

  void node(const NodeText& text, const AttributeWriter& attributes);
  void initializer(std::string_view name, OnnxType type, std::span<const int64_t> dims,
                   std::span<const std::byte> bytes);
  // The name of a constant of these values: written once, whoever asks. `letter` as in
  // fresh_name().
  template <class T>
  std::string constant(char letter, std::span<const int64_t> dims, std::span<const T> values) {
    return shared_constant(letter, onnx_type(dtype_of<T>), dims, std::as_bytes(values));
  }

  // Once, when all nodes and initializers are written.
  std::vector<std::byte> finish() &&;

 private:
  std::string shared_constant(char letter, OnnxType type, std::span<const int64_t> dims,
                              std::span<const std::byte> bytes);
  WireWriter value_info(ValueId id) const;

  const Graph& graph_;
  Metadata metadata_;  // with the domains that nodes have
  int64_t opset_;
  std::set<std::string_view> reserved_;
  std::map<char, size_t> counters_;
  std::map<std::string, std::string> constants_;  // type, shape and bytes to name
  WireWriter nodes_;
  WireWriter initializers_;
};

}  // namespace lowbit

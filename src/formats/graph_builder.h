// Puts the nodes of a file into a Graph one by one, and knows each value's shape and type at once:
// what the next node means may depend on it.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "formats/onnx_read.h"
#include "graph/shape_rules.h"

namespace lowbit {

class GraphBuilder {
 public:
  // Names of the file's values and nodes are never made up for others. `index` must outlive the
  // builder; null where the graph is none that anybody sees.
  explicit GraphBuilder(const OnnxIndex* index) : index_(index) {}
  GraphBuilder(const GraphBuilder&) = delete;
  GraphBuilder& operator=(const GraphBuilder&) = delete;

  // Symbols and inputs of the graph are added to it before the first node.
  Graph& graph() { return graph_; }
  ShapeValues& shape_values() { return shape_values_; }

  // What the integer nodes among them say besides.
  struct Quantization {
    ClipAttributes activation;
    std::optional<QuantParams> quant;  // of the output
  };
  // Adds the nodes of `expansion`, which `node` became. `inputs`: its data inputs. `names`: of its
  // outputs; an empty one is made up. Gives the outputs' values. Errors: as the rules of shapes and
  // types (graph/shape_rules.h, graph/dtype_rules.h).
  Result<std::vector<ValueId>> add(const Expansion& expansion, const IndexedNode& node,
                                   std::span<const ValueId> inputs,
                                   std::span<const std::string> names,
                                   const Quantization& quantization);

  // A name that no value has, and one that no node has.
  std::string unique_name(std::string wanted);
  std::string unique_node_name(std::string wanted);

 private:
  Result<ValueId> add_node(Node node, std::string output_name, std::optional<QuantParams> quant);
  Result<ValueId> reshape_constant(const Node& node, std::string output_name);
  void reserve_names();

  const OnnxIndex* index_;
  Graph graph_;
  std::optional<ShapeRules> rules_;
  ShapeValues shape_values_;
  std::set<std::string, std::less<>> value_names_;  // empty: not collected yet
  std::set<std::string, std::less<>> node_names_;
};

}  // namespace lowbit

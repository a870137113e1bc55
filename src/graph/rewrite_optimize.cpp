#include "base/first_part.h"
#include "graph/common_ops.h"
#include "graph/rewrites.h"

namespace lowbit {

namespace {

using Rewrite = Graph (*)(const Graph&);

// A Clip that is fused into an Add hides a HardSwish.
Graph fuse_all(const Graph& graph) { return fuse_activations(fuse_hard_swish(graph)); }

constexpr Rewrite fusion_of(Op op) {
  return op == Op::kDiv || op == Op::kHardSigmoid ? &fuse_all : nullptr;
}

// Where more than activations is to be fused in a graph that holds the operator, in the order of
// the enumeration. What the first part of the WebAssembly binary has no operator for, it lacks.
constexpr Rewrite kFusions[] = {
#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) \
  kIsFirstPart && !is_common_op(#name) ? nullptr : fusion_of(Op::k##name),
#include "graph/ops.inc"
#undef LOWBIT_OP
};

}  // namespace

Result<Graph> optimize(const Graph& graph) {
  // An identity hides the producer from a batch normalization, and a batch normalization hides it
  // from an activation.
  LOWBIT_ASSIGN(const Graph folded, fold_batch_normalization(remove_identities(graph)));
  LOWBIT_ASSIGN(const Graph plain, fold_gemm_factors(folded));
  for (const Node& node : plain.nodes) {
    if (const Rewrite fuse = kFusions[static_cast<size_t>(node.op)]) return fuse(plain);
  }
  return fuse_activations(plain);
}

}  // namespace lowbit

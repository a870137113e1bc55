#include "graph/rewrites.h"

namespace lowbit {

Result<Graph> optimize(const Graph& graph) {
  // An identity hides the producer from a batch normalization, and a batch normalization hides it
  // from an activation.
  LOWBIT_ASSIGN(const Graph folded, fold_batch_normalization(remove_identities(graph)));
  LOWBIT_ASSIGN(const Graph plain, fold_gemm_factors(folded));
  return fuse_activations(plain);
}

}  // namespace lowbit

#include "compare/evaluator.h"

namespace lowbit {

Task<Score> Evaluator::measure(Graph graph, bool remember) {
  LOWBIT_CO_FINISH(const std::vector<Tensor> outputs, runner_.run(graph, remember));
  LOWBIT_CO_ASSIGN(const Score result,
                   score(reference_.empty() ? outputs : reference_, outputs, labels_));
  if (reference_.empty()) reference_ = outputs;
  co_return result;
}

}  // namespace lowbit

#include "kernels/unary/unary.h"

#include <algorithm>

#include "qmath/unary_functions.h"

namespace lowbit::kernels {

namespace {

constexpr int64_t kBlock = 64;

// kBlock elements. The copy tells the compiler that x and y do not overlap, in place too.
template <UnaryFunction function>
[[gnu::flatten]] void run_block(const float* x, float* y, UnaryParameters p) {
  float block[kBlock];
  std::copy_n(x, kBlock, block);
  for (float& element : block) element = unary<function>(element, p);
  std::copy_n(block, kBlock, y);
}

using BlockFunction = void (*)(const float*, float*, UnaryParameters);
constexpr BlockFunction kBlockFunctions[] = {
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) run_block<UnaryFunction::k##name>,
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
    run_block<UnaryFunction::kGeluTanh>,
};

}  // namespace

void unary_f32(const UnaryF32& args) {
  const BlockFunction run = kBlockFunctions[static_cast<size_t>(args.function)];
  int64_t i = 0;
  for (; i + kBlock <= args.count; i += kBlock) {
    run(args.input + i, args.output + i, args.parameters);
  }
  if (i == args.count) return;
  float rest[kBlock] = {};
  std::copy_n(args.input + i, args.count - i, rest);
  run(rest, rest, args.parameters);
  std::copy_n(rest, args.count - i, args.output + i);
}

}  // namespace lowbit::kernels

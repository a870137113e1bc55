#include "kernels/cast/cast.h"

#include "qmath/cast.h"

namespace lowbit::kernels {

namespace {

template <class From, class To>
void cast_elements(const Cast& args) {
  const auto* const input = static_cast<const From*>(args.input);
  auto* const output = static_cast<To*>(args.output);
  for (int64_t i = 0; i < args.count; ++i) output[i] = lowbit::cast<To>(input[i]);
}

template <class From>
void cast_from(const Cast& args) {
  switch (args.to) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    return cast_elements<From, type>(args);
    LOWBIT_DTYPES(X)
#undef X
  }
}

}  // namespace

void cast(const Cast& args) {
  switch (args.from) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    cast_from<type>(args);        \
    break;
    LOWBIT_DTYPES(X)
#undef X
  }
  if (!args.to_half) return;
  auto* const output = static_cast<float*>(args.output);
  for (int64_t i = 0; i < args.count; ++i) output[i] = round_to_half(output[i]);
}

void logical_not(const LogicalNot& args) {
  for (int64_t i = 0; i < args.count; ++i) args.output[i] = !args.input[i];
}

}  // namespace lowbit::kernels

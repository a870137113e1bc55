#include "kernels/reduce/reduce.h"

#include <algorithm>
#include <limits>

#include "kernels/binary/rows.h"
#include "kernels/reduce/lanes.h"
#include "qmath/binary_functions.h"

namespace lowbit::kernels {

namespace {

template <class T>
T initial_value(BinaryFunction fold) {
  using Limits = std::numeric_limits<T>;
  if (fold == BinaryFunction::kMul) return 1;
  if (fold == BinaryFunction::kMax)
    return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  if (fold == BinaryFunction::kMin)
    return Limits::has_infinity ? Limits::infinity() : Limits::max();
  return 0;
}

// A row into one number where it does not move in the output, else each into its own.
template <BinaryFunction fold>
void fold_row(const float* x, int64_t step_x, float* __restrict y, int64_t step_y, int64_t count) {
  const auto folded = [](float a, float b) { return lowbit::binary<fold>(a, b); };
  if (step_y == 0) {
    const float initial = initial_value<float>(fold);
    const float row =
        step_x == 1
            ? fold_lanes(count, initial, folded, [x](int64_t i) { return x[i]; })
            : fold_lanes(count, initial, folded, [x, step_x](int64_t i) { return x[i * step_x]; });
    *y = folded(*y, row);
  } else if (step_x == 1 && step_y == 1) {
    for (int64_t i = 0; i < count; ++i) y[i] = folded(y[i], x[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) y[i * step_y] = folded(y[i * step_y], x[i * step_x]);
  }
}

void fold_row(BinaryFunction fold, const float* x, int64_t step_x, float* y, int64_t step_y,
              int64_t count) {
  switch (fold) {
    case BinaryFunction::kMul:
      return fold_row<BinaryFunction::kMul>(x, step_x, y, step_y, count);
    case BinaryFunction::kMax:
      return fold_row<BinaryFunction::kMax>(x, step_x, y, step_y, count);
    case BinaryFunction::kMin:
      return fold_row<BinaryFunction::kMin>(x, step_x, y, step_y, count);
    default:
      return fold_row<BinaryFunction::kAdd>(x, step_x, y, step_y, count);
  }
}

// Once, not in every type's loop.
[[gnu::noinline]] int64_t folded(BinaryFunction fold, int64_t a, int64_t b) {
  return evaluate(fold, a, b);
}

template <class T>
void fold_row(BinaryFunction fold, const T* x, int64_t step_x, T* y, int64_t step_y,
              int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    T& result = y[i * step_y];
    result = static_cast<T>(
        folded(fold, static_cast<int64_t>(result), static_cast<int64_t>(x[i * step_x])));
  }
}

template <class T>
void reduce_elements(const Reduce& args) {
  const auto* const input = static_cast<const T*>(args.input);
  auto* const output = static_cast<T*>(args.output);
  std::fill_n(output, args.output_count, initial_value<T>(args.fold));
  for_each_row<2>(args.dims, {&args.input_strides, &args.output_strides},
                  [&](const RowOf<2>& row, int64_t columns) {
                    fold_row(args.fold, input + row.offsets[0], row.steps[0],
                             output + row.offsets[1], row.steps[1], columns);
                  });
  if (args.divisor == 1) return;
  for (int64_t i = 0; i < args.output_count; ++i) {
    if constexpr (std::is_same_v<T, float>) {
      output[i] /= static_cast<float>(args.divisor);
    } else {
      output[i] = static_cast<T>(static_cast<int64_t>(output[i]) / args.divisor);
    }
  }
}

}  // namespace

void reduce(const Reduce& args) {
  switch (args.type) {
    case DType::kF32:
      return reduce_elements<float>(args);
    case DType::kU8:
      return reduce_elements<uint8_t>(args);
    case DType::kI8:
      return reduce_elements<int8_t>(args);
    case DType::kI32:
      return reduce_elements<int32_t>(args);
    case DType::kI64:
      return reduce_elements<int64_t>(args);
    case DType::kBool:
      break;
  }
}

void sum_of_products(const SumOfProducts& args) {
  constexpr float kOne = 1.0f;
  const float* const factors = args.b == nullptr ? &kOne : args.b;
  std::fill_n(args.output, args.output_count, 0.0f);
  for_each_row<3>(args.dims, {&args.a_strides, &args.b_strides, &args.output_strides},
                  [&](const RowOf<3>& row, int64_t columns) {
                    const float* const a = args.a + row.offsets[0];
                    const float* const b = factors + row.offsets[1];
                    float* __restrict const y = args.output + row.offsets[2];
                    const auto [step_a, step_b, step_y] = row.steps;
                    if (step_y == 0 && step_a == 1 && step_b == 1) {
                      *y += sum_lanes(columns, [=](int64_t i) { return a[i] * b[i]; });
                    } else if (step_y == 0) {
                      *y += sum_lanes(columns,
                                      [=](int64_t i) { return a[i * step_a] * b[i * step_b]; });
                    } else if (step_y == 1 && step_a == 0 && step_b == 1) {
                      for (int64_t i = 0; i < columns; ++i) y[i] += *a * b[i];
                    } else {
                      for (int64_t i = 0; i < columns; ++i)
                        y[i * step_y] += a[i * step_a] * b[i * step_b];
                    }
                  });
}

}  // namespace lowbit::kernels

#include "kernels/topk/topk.h"

#include <bit>
#include <limits>
#include <span>
#include <utility>

#include "base/heap_sort.h"

namespace lowbit::kernels {

namespace {

int64_t rank_of(float x) {
  if (x != x) return std::numeric_limits<int32_t>::max();
  const auto bits = std::bit_cast<int32_t>(x + 0.0f);  // -0 is 0
  return bits < 0 ? bits ^ std::numeric_limits<int32_t>::max() : bits;
}
int64_t rank_of(int64_t x) { return x; }

// Ascending: what comes first has the least rank.
template <class T>
void rank_row(const TopK& args, const T* input) {
  for (int64_t i = 0; i < args.count; ++i) {
    const T x = input[i * args.inner];
    int64_t rank = 0;
    if constexpr (std::is_same_v<T, float>) {
      rank = rank_of(x);
    } else {
      rank = rank_of(static_cast<int64_t>(x));
    }
    args.row[i] = {args.largest ? ~rank : rank, args.last_first ? ~i : i};
  }
}

void sort_row(const TopK& args) {
  const auto order = [](const RankedNumber& number) {
    return std::pair(number.rank, number.index);
  };
  std::span<RankedNumber> row(args.row, static_cast<size_t>(args.count));
  if (args.k > 1) return heap_sort(row, order);
  std::swap(row.front(), *std::ranges::min_element(row, {}, order));
}

template <class T>
void top_k_elements(const TopK& args) {
  for (int64_t o = 0; o < args.outer; ++o) {
    for (int64_t i = 0; i < args.inner; ++i) {
      const T* const input = static_cast<const T*>(args.input) + o * args.count * args.inner + i;
      rank_row(args, input);
      sort_row(args);
      for (int64_t k = 0; k < args.k; ++k) {
        const int64_t at = (o * args.k + k) * args.inner + i;
        const int64_t index = args.last_first ? ~args.row[k].index : args.row[k].index;
        if (args.gives_indices) {
          static_cast<int64_t*>(args.output)[at] = index;
        } else {
          static_cast<T*>(args.output)[at] = input[index * args.inner];
        }
      }
    }
  }
}

}  // namespace

void top_k(const TopK& args) {
  switch (args.type) {
    case DType::kF32:
      return top_k_elements<float>(args);
    case DType::kU8:
      return top_k_elements<uint8_t>(args);
    case DType::kI8:
      return top_k_elements<int8_t>(args);
    case DType::kI32:
      return top_k_elements<int32_t>(args);
    case DType::kI64:
      return top_k_elements<int64_t>(args);
    case DType::kBool:
      break;
  }
}

}  // namespace lowbit::kernels

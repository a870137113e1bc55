#include <algorithm>
#include <iterator>
#include <memory>
#include <span>

#include "kernels/kernels.h"
#include "kernels/packed.h"
#include "kernels/relaxed/suffix.h"
#include "kernels/tune.h"
#include "tensor/tensor.h"

namespace lowbit::kernels {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

// Whole tiles of 4, 6 and 8 rows, and so short that a run more or less hardly matters in a window.
constexpr int32_t kRows = 24;
constexpr int32_t kDepth = 128;
constexpr int32_t kColumns = 64;

constexpr Microseconds kWindow{300};
constexpr int kEnoughTimes = 3;
constexpr double kSpeedUp = 2;  // of an engine's last code over its first, at least
// Of the default's time, to be taken in its place. What seems even faster was compared with the
// default's slow code.
constexpr double kFaster = 0.95;
constexpr double kTooFast = 0.6;

struct Operands {
  MatmulF32 matmul_f32;
  MatmulU8S8 matmul_u8s8;
};

template <class Product, class T>
Product make_product(void* packed, size_t a_offset, size_t c_offset) {
  Product product;
  product.rows.a = part<T>(packed, a_offset);
  product.rows.count = kRows;
  product.rows.depth = product.rows.row_stride = kDepth;
  product.packed = packed;
  product.columns = product.c_stride = kColumns;
  product.c = part<T>(packed, c_offset);
  return product;
}

struct Candidate {
  Tier tier;
  int32_t Tiles::* kernel;
  int32_t rows;
  void (*run)(const Operands&);
};

constexpr Candidate kCandidates[] = {
#define LOWBIT_TILED_KERNEL(suffix, name, Arguments, rows) \
  {tier_of(#suffix), &Tiles::name, rows,                   \
   [](const Operands& operands) { name##__##suffix<rows>(operands.name); }},
#include "kernels/tiles.inc"
#undef LOWBIT_TILED_KERNEL
};

struct Times {
  const Candidate* candidate = nullptr;
  Microseconds first{};
  Microseconds best{};
  int count = 0;

  void note(Microseconds time) {
    if (first == Microseconds{}) first = time;
    if (time * kSpeedUp > first) return;
    best = count == 0 ? time : std::min(best, time);
    ++count;
  }
};

class Tuner {
 public:
  explicit Tuner(Tier tier) {
    for (const Candidate& candidate : kCandidates) {
      if (is_for(tier, candidate.tier)) times_[count_++].candidate = &candidate;
    }
  }

  void measure(const Operands& operands, Clock::time_point deadline) {
    // Where functions are compiled when they are first called, that is not to be in the first
    // times.
    for (Times& times : all()) {
      times.candidate->run(operands);
      if (Clock::now() > deadline) return;
    }
    // A window ends at a tick of the clock, and the next one begins there: so it may be a coarse
    // one.
    Clock::time_point start = Clock::now();
    while (std::ranges::any_of(all(), [](const Times& t) { return t.count < kEnoughTimes; })) {
      for (Times& times : all()) {
        if (start + kWindow > deadline) return;
        Clock::time_point now;
        int runs = 0;
        do {
          times.candidate->run(operands);
          ++runs;
          now = Clock::now();
        } while (now - start < kWindow);
        times.note(Microseconds(now - start) / runs);
        start = now;
      }
    }
  }

  Tiles fastest() const {
    Tiles tiles;
    for (const Times& times : all()) {
      int32_t& rows = tiles.*times.candidate->kernel;
      if (rows == 0) rows = fastest(times);
    }
    return tiles;
  }

 private:
  std::span<Times> all() { return {times_, count_}; }
  std::span<const Times> all() const { return {times_, count_}; }

  // The rows of the fastest tile of the default's kernel.
  int32_t fastest(const Times& by_default) const {
    const Times* fastest = &by_default;
    Microseconds limit = by_default.best * kFaster;
    for (const Times& times : all()) {
      if (times.candidate->kernel != by_default.candidate->kernel) continue;
      if (times.count < kEnoughTimes) return by_default.candidate->rows;
      if (times.best < limit && times.best > by_default.best * kTooFast) {
        fastest = &times;
        limit = times.best;
      }
    }
    return fastest->candidate->rows;
  }

  Times times_[std::size(kCandidates)];
  size_t count_ = 0;
};

}  // namespace

Tiles tune(Tier tier, std::chrono::milliseconds budget) {
  const Clock::time_point deadline = Clock::now() + budget;
  Tuner tuner(tier);
  if (budget.count() == 0) return tuner.fastest();
  // Packed weights (those of integers are fewer), A and C, which all stay zero.
  constexpr size_t kABytes = size_t{kRows} * kDepth * sizeof(float);
  const size_t packed_bytes = packed_matmul_f32_bytes(tier, kColumns, 1, kDepth);
  const auto zeros =
      Buffer::allocate(packed_bytes + kABytes + size_t{kRows} * kColumns * sizeof(float));
  if (!zeros) return tuner.fastest();
  std::byte* packed = (*zeros)->data();
  tuner.measure(
      {.matmul_f32 = make_product<MatmulF32, float>(packed, packed_bytes, packed_bytes + kABytes),
       .matmul_u8s8 =
           make_product<MatmulU8S8, uint8_t>(packed, packed_bytes, packed_bytes + kABytes)},
      deadline);
  return tuner.fastest();
}

}  // namespace lowbit::kernels

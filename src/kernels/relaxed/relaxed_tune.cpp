#include <algorithm>
#include <iterator>
#include <memory>
#include <span>

#include "base/clock.h"
#include "kernels/kernels.h"
#include "kernels/packed.h"
#include "kernels/relaxed/suffix.h"
#include "kernels/tune.h"
#include "tensor/tensor.h"

namespace lowbit::kernels {
namespace {

// Whole tiles of 4, 6 and 8 rows, and so short that a run more or less hardly matters in a window.
constexpr int32_t kRows = 24;
constexpr int32_t kDepth = 128;
constexpr int32_t kColumns = 64;

constexpr double kWindowMs = 0.15;
// What a tile runs after its first window, so that an engine compiles it while the next one runs.
constexpr double kWarmUpMs = 0.3;
constexpr int kQuietRounds = 2;  // in which no time gets shorter, before times are believed
constexpr double kSpeedUp = 2;   // of an engine's last code over its first, at least
// A time is shorter than another if it is at most so much of it; nearer ones are the same.
constexpr double kShorter = 0.9;

struct Operands {
  MatmulF32 matmul_f32;
  MatmulU8S8 matmul_u8s8;
};

template <class Product, class T>
Product make_product(void* packed, size_t a_offset, size_t c_offset, const int32_t* words) {
  Product product;
  product.rows.a = part<T>(packed, a_offset);
  product.rows.count = kRows;
  product.rows.depth = product.rows.row_stride = kDepth;
  product.rows.words = words;
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

// The times of one run of a candidate.
struct Times {
  const Candidate* candidate = nullptr;
  double first_ms = 0;
  double best_ms = 0;

  bool is_fast_code() const { return best_ms * kSpeedUp <= first_ms; }

  // Returns whether the time is shorter than those before.
  bool note(double time_ms) {
    const bool is_shorter = time_ms < best_ms * kShorter;
    best_ms = std::min(best_ms, time_ms);
    return is_shorter;
  }
};

class Tuner {
 public:
  explicit Tuner(Tier tier) {
    for (const Candidate& candidate : kCandidates) {
      if (is_for(tier, candidate.tier)) times_[count_++].candidate = &candidate;
    }
  }

  // Stops when the times tell which tile is fastest, or at the deadline.
  void measure(const Operands& operands, double deadline_ms) {
    // A window ends at a tick of the clock and the next one begins there, so the clock may be a
    // coarse one.
    double start_ms = now_ms();
    const auto time_window = [&](const Candidate& candidate, double length_ms) {
      double end_ms = 0;
      int runs = 0;
      do {
        candidate.run(operands);
        ++runs;
        end_ms = now_ms();
      } while (end_ms - start_ms < length_ms);
      const double time_ms = (end_ms - start_ms) / runs;
      start_ms = end_ms;
      return time_ms;
    };
    for (Times& times : all()) {
      if (start_ms + kWindowMs + kWarmUpMs > deadline_ms) return;
      // Some engines compile a function when it is first called.
      times.candidate->run(operands);
      start_ms = now_ms();
      times.first_ms = times.best_ms = time_window(*times.candidate, kWindowMs);
      time_window(*times.candidate, kWarmUpMs);
    }
    int quiet_rounds = 0;
    while (quiet_rounds < kQuietRounds || !std::ranges::all_of(all(), &Times::is_fast_code)) {
      ++quiet_rounds;
      for (Times& times : all()) {
        if (start_ms + kWindowMs > deadline_ms) return;
        if (times.note(time_window(*times.candidate, kWindowMs))) quiet_rounds = 0;
      }
    }
    is_settled_ = true;
  }

  // The defaults, where nothing was measured or it told nothing.
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
    double limit_ms = is_settled_ ? by_default.best_ms * kShorter : 0;
    for (const Times& times : all()) {
      if (times.candidate->kernel != by_default.candidate->kernel || times.best_ms >= limit_ms)
        continue;
      fastest = &times;
      limit_ms = times.best_ms;
    }
    return fastest->candidate->rows;
  }

  Times times_[std::size(kCandidates)];
  size_t count_ = 0;
  bool is_settled_ = false;
};

}  // namespace

Tiles tune(Tier tier, double budget_ms) {
  // These have no tiles, and run where a page has not loaded the relaxed kernels
  // (tools/split_wasm.mjs).
  if (tier <= Tier::kSimd128) return {};
  const double deadline_ms = now_ms() + budget_ms;
  Tuner tuner(tier);
  if (budget_ms == 0) return tuner.fastest();
  // Packed weights (those of integers are fewer), A and C, which all stay zero.
  constexpr size_t kABytes = size_t{kRows} * kDepth * sizeof(float);
  const size_t packed_bytes = packed_matmul_f32_bytes(tier, kColumns, 1, kDepth);
  const auto zeros =
      Buffer::allocate(packed_bytes + kABytes + size_t{kRows} * kColumns * sizeof(float));
  if (!zeros) return tuner.fastest();
  std::byte* packed = (*zeros)->data();
  const std::vector<int32_t> words = word_offsets(kOnePiece, kDepth, sizeof(float));
  const size_t c_offset = packed_bytes + kABytes;
  Operands operands{
      .matmul_f32 = make_product<MatmulF32, float>(packed, packed_bytes, c_offset, words.data()),
      .matmul_u8s8 =
          make_product<MatmulU8S8, uint8_t>(packed, packed_bytes, c_offset, words.data())};
  operands.matmul_u8s8.is_bounded = true;
  tuner.measure(operands, deadline_ms);
  return tuner.fastest();
}

}  // namespace lowbit::kernels

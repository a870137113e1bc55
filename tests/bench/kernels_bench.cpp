// Speed of the matrix product and of depthwise convolution, natively and on one thread: reference
// and simd128, every precision. The relaxed tiers are emulated natively; `npm run bench` has their
// speed. build/native/kernels_bench --benchmark_filter=3x3
#include <benchmark/benchmark.h>

#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/kernels.h"

namespace lowbit::kernels {
namespace {

constexpr size_t kSlack = 64;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Layer {
  const char* name;
  int32_t rows;      // of A, or height = width of the image
  int32_t channels;  // K, or input channels
  int32_t columns;
  int32_t kernel;  // 0: a plain product
};

constexpr Layer kLayers[] = {
    {"256 x 256 x 256", 256, 256, 256, 0},
    {"512 x 512 x 512", 512, 512, 512, 0},
    {"192 x 256 x 192", 192, 256, 192, 0},
    {"64 x 256 x 256", 64, 256, 256, 0},
    {"1 x 1024 x 1024", 1, 1024, 1024, 0},
    {"1 x 1280 x 10", 1, 1280, 10, 0},
    {"3 x 256 x 256", 3, 256, 256, 0},
    {"1x1 conv, 16 -> 96, 48 x 48", 48 * 48, 16, 96, 0},
    {"1x1 conv, 96 -> 16, 48 x 48", 48 * 48, 96, 16, 0},
    {"1x1 conv, 8 -> 8, 48 x 48", 48 * 48, 8, 8, 0},
    {"3x3 conv, 16 -> 16, 32 x 32", 32, 16, 16, 3},
    {"3x3 conv, 64 -> 64, 8 x 8", 8, 64, 64, 3},
    {"3x3 conv, 64 -> 64, 28 x 28", 28, 64, 64, 3},
    {"3x3 conv, 3 -> 16, 32 x 32", 32, 3, 16, 3},
    {"5x5 conv, 1 -> 8, 28 x 28", 28, 1, 8, 5},
    {"5x5 conv, 8 -> 16, 14 x 14", 14, 8, 16, 5},
};

// Where the operand's rows and their pieces lie. A convolution has a stride of 1, a padded image
// whose output has the rows' size, and the rows of its kernel for pieces.
class Places {
 public:
  Places(const Layer& l, size_t element_bytes) {
    const int32_t padded = l.rows + l.kernel - 1;
    for (int32_t i = 0; l.kernel > 0 && i < l.rows * l.rows; ++i) {
      row_offsets_.push_back((i / l.rows * padded + i % l.rows) * l.channels);
    }
    std::vector<int32_t> taps{0};
    for (int32_t ky = 1; ky < l.kernel; ++ky) taps.push_back(ky * padded * l.channels);
    words_ = word_offsets(taps, std::max(l.kernel, 1) * l.channels, element_bytes);
  }

  template <class T>
  MatmulRows<T> rows(const Layer& l, const T* a) const {
    MatmulRows<T> rows;
    rows.a = a;
    rows.depth = l.channels;
    rows.row_stride = l.channels;
    rows.count = l.rows;
    rows.words = words_.data();
    if (l.kernel > 0) {
      rows.count = l.rows * l.rows;
      rows.taps = l.kernel;
      rows.depth = l.kernel * l.channels;
      rows.row_offsets = row_offsets_.data();
    }
    return rows;
  }

 private:
  std::vector<int32_t> row_offsets_;
  std::vector<int32_t> words_;
};

template <class T>
std::vector<T> random_values(Random& random, size_t count) {
  std::vector<T> values(count);
  for (T& value : values) {
    if constexpr (sizeof(T) == 4) {
      value = static_cast<T>(random.uniform(-1.0f, 1.0f));
    } else {
      value = static_cast<T>(random.next());
    }
  }
  return values;
}

// 64-byte aligned, zeroed.
class Memory {
 public:
  explicit Memory(size_t byte_count) : bytes_(byte_count + 64) {}
  void* data() {
    const size_t address = reinterpret_cast<uintptr_t>(bytes_.data());
    return bytes_.data() + (64 - address % 64) % 64;
  }

 private:
  std::vector<std::byte> bytes_;
};

double multiply_adds(const Layer& l) {
  const double rows = l.kernel > 0 ? double{1} * l.rows * l.rows * l.kernel * l.kernel : l.rows;
  return rows * l.channels * l.columns;
}

void count_macs(benchmark::State& state, double macs) {
  state.counters["MAC/s"] = benchmark::Counter(macs, benchmark::Counter::kIsIterationInvariantRate);
}

size_t input_count(const Layer& l) {
  const int32_t size = l.rows + l.kernel - 1;
  const int32_t pixels = l.kernel > 0 ? size * size : l.rows;
  return static_cast<size_t>(pixels * l.channels);
}

void time_f32(benchmark::State& state, Tier tier, const Layer& l) {
  Random random(1);
  const KernelTable table = kernel_table(tier);
  const Places places(l, sizeof(float));
  const size_t pixels = static_cast<size_t>(l.kernel > 0 ? l.rows * l.rows : l.rows);
  const auto a = random_values<float>(random, input_count(l) + kSlack);
  MatmulF32 product{.rows = places.rows(l, a.data()), .columns = l.columns};
  const int32_t taps = product.rows.taps;
  const int32_t depth = product.rows.depth;
  const auto weights = random_values<float>(random, static_cast<size_t>(l.columns * taps * depth));
  Memory packed(packed_matmul_f32_bytes(tier, l.columns, taps, depth));
  table.pack_matmul_f32({.weights = weights.data(),
                         .columns = l.columns,
                         .taps = taps,
                         .depth = depth,
                         .packed = packed.data()});
  std::vector<float> c(pixels * static_cast<size_t>(l.columns));
  product.packed = packed.data();
  product.c = c.data();
  product.c_stride = l.columns;
  product.min = -kInfinity;
  product.max = kInfinity;
  for ([[maybe_unused]] auto _ : state) table.matmul_f32(product);
  count_macs(state, multiply_adds(l));
}

// Weights in groups of 32.
constexpr int32_t kBlockSize = 32;

void time_f32s8(benchmark::State& state, Tier tier, const Layer& l) {
  Random random(1);
  const KernelTable table = kernel_table(tier);
  const Places places(l, sizeof(float));
  const size_t pixels = static_cast<size_t>(l.kernel > 0 ? l.rows * l.rows : l.rows);
  const auto a = random_values<float>(random, input_count(l) + kSlack);
  MatmulF32S8 product;
  product.rows = places.rows(l, a.data());
  product.columns = l.columns;
  const int32_t k = product.rows.taps * product.rows.depth;
  const auto weights = random_values<int8_t>(random, static_cast<size_t>(l.columns * k));
  const std::vector<float> scale(static_cast<size_t>(l.columns * block_count(k, kBlockSize)),
                                 1e-2f);
  Memory packed(packed_matmul_f32s8_bytes(tier, l.columns, k, kBlockSize));
  table.pack_matmul_f32s8({.weights = weights.data(),
                           .scale = scale.data(),
                           .columns = l.columns,
                           .taps = product.rows.taps,
                           .depth = product.rows.depth,
                           .block_size = kBlockSize,
                           .packed = packed.data()});
  Memory unpacked(unpacked_matmul_f32s8_bytes(tier, k));
  std::vector<float> c(pixels * static_cast<size_t>(l.columns));
  product.packed = packed.data();
  product.unpacked = unpacked.data();
  product.block_size = kBlockSize;
  product.c = c.data();
  product.c_stride = l.columns;
  product.min = -kInfinity;
  product.max = kInfinity;
  for ([[maybe_unused]] auto _ : state) table.matmul_f32s8(product);
  count_macs(state, multiply_adds(l));
}

enum class Form { kU8S8, kU8S4, kGroups };

template <Form kForm>
void time_integers(benchmark::State& state, Tier tier, const Layer& l) {
  Random random(1);
  const KernelTable table = kernel_table(tier);
  const Places places(l, sizeof(uint8_t));
  const size_t pixels = static_cast<size_t>(l.kernel > 0 ? l.rows * l.rows : l.rows);
  const auto a = random_values<uint8_t>(random, input_count(l) + kSlack);
  MatmulU8S8 product{.rows = places.rows(l, a.data()), .columns = l.columns, .is_bounded = true};
  const int32_t taps = product.rows.taps;
  const int32_t depth = product.rows.depth;
  auto weights = random_values<int8_t>(random, static_cast<size_t>(l.columns * taps * depth));
  if (kForm == Form::kU8S4) {
    for (int8_t& weight : weights) weight = static_cast<int8_t>(weight / 16);
  }
  const int32_t blocks = kForm == Form::kGroups ? block_count(taps * depth, kBlockSize) : 1;
  const std::vector<float> multiplier(static_cast<size_t>(l.columns * blocks), 1e-4f);
  const auto bytes = kForm == Form::kU8S4 ? packed_matmul_u8s4_bytes : packed_matmul_u8s8_bytes;
  Memory packed(kForm == Form::kGroups
                    ? packed_matmul_u8s8_groups_bytes(tier, l.columns, taps * depth, kBlockSize)
                    : bytes(tier, l.columns, taps, depth));
  const auto pack = kForm == Form::kGroups ? table.pack_matmul_u8s8_groups
                    : kForm == Form::kU8S4 ? table.pack_matmul_u8s4
                                           : table.pack_matmul_u8s8;
  pack({.weights = weights.data(),
        .multiplier = multiplier.data(),
        .input_zero_point = 128,
        .columns = l.columns,
        .taps = taps,
        .depth = depth,
        .packed = packed.data(),
        .block_size = kBlockSize});
  std::vector<uint8_t> c(pixels * static_cast<size_t>(l.columns));
  product.block_size = kBlockSize;
  product.packed = packed.data();
  product.c = c.data();
  product.c_stride = l.columns;
  product.output_zero_point = 128;
  const auto multiply = kForm == Form::kGroups ? table.matmul_u8s8_groups
                        : kForm == Form::kU8S4 ? table.matmul_u8s4
                                               : table.matmul_u8s8;
  for ([[maybe_unused]] auto _ : state) multiply(product);
  count_macs(state, multiply_adds(l));
}

struct DepthwiseLayer {
  const char* name;
  int32_t image;
  int32_t channels;
  int32_t kernel;
  int32_t stride;
};

constexpr DepthwiseLayer kDepthwiseLayers[] = {
    {"depthwise 3x3, 64 ch, 28 x 28", 28, 64, 3, 1},
    {"depthwise 3x3 /2, 64 ch, 28 x 28", 28, 64, 3, 2},
    {"depthwise 3x3, 8 ch, 48 x 48", 48, 8, 3, 1},
    {"depthwise 3x3, 128 ch, 6 x 6", 6, 128, 3, 1},
    {"depthwise 3x3, 256 ch, 3 x 3", 3, 256, 3, 1},
    {"depthwise 5x5, 64 ch, 14 x 14", 14, 64, 5, 1},
};

Window same_window(const DepthwiseLayer& l) {
  Window w;
  w.input_h = w.input_w = l.image;
  w.channels = l.channels;
  w.kernel_h = w.kernel_w = l.kernel;
  w.stride_h = w.stride_w = l.stride;
  w.output_h = w.output_w = (l.image + l.stride - 1) / l.stride;
  w.pad_top = w.pad_left = (l.kernel - 1) / 2;
  return w;
}

double multiply_adds(const DepthwiseLayer& l) {
  const Window w = same_window(l);
  return double{1} * w.output_h * w.output_w * l.channels * l.kernel * l.kernel;
}

void time_depthwise_f32(benchmark::State& state, Tier tier, const DepthwiseLayer& l) {
  Random random(1);
  const KernelTable table = kernel_table(tier);
  const Window w = same_window(l);
  const auto count = static_cast<size_t>(l.image * l.image * l.channels);
  const int32_t taps = l.kernel * l.kernel;
  const auto input = random_values<float>(random, count + kSlack);
  const auto weights = random_values<float>(random, static_cast<size_t>(taps * l.channels));
  Memory packed(packed_depthwise_f32_bytes(tier, w));
  table.pack_depthwise_f32({.window = w, .weights = weights.data(), .packed = packed.data()});
  std::vector<float> output(count);
  const DepthwiseF32 convolution{.window = w,
                                 .input = input.data(),
                                 .packed = packed.data(),
                                 .output = output.data(),
                                 .min = -kInfinity,
                                 .max = kInfinity};
  for ([[maybe_unused]] auto _ : state) table.depthwise_f32(convolution);
  count_macs(state, multiply_adds(l));
}

void time_depthwise_u8s8(benchmark::State& state, Tier tier, const DepthwiseLayer& l) {
  Random random(1);
  const KernelTable table = kernel_table(tier);
  const Window w = same_window(l);
  const auto count = static_cast<size_t>(l.image * l.image * l.channels);
  const int32_t taps = l.kernel * l.kernel;
  const auto input = random_values<uint8_t>(random, count + kSlack);
  const auto weights = random_values<int8_t>(random, static_cast<size_t>(taps * l.channels));
  const std::vector<float> multiplier(static_cast<size_t>(l.channels), 1e-3f);
  Memory packed(packed_depthwise_u8s8_bytes(tier, w));
  table.pack_depthwise_u8s8({.window = w,
                             .weights = weights.data(),
                             .multiplier = multiplier.data(),
                             .input_zero_point = 128,
                             .packed = packed.data()});
  std::vector<uint8_t> output(count);
  const DepthwiseU8S8 convolution{.window = w,
                                  .input = input.data(),
                                  .packed = packed.data(),
                                  .output = output.data(),
                                  .input_zero_point = 128,
                                  .output_zero_point = 128,
                                  .is_bounded = true};
  for ([[maybe_unused]] auto _ : state) table.depthwise_u8s8(convolution);
  count_macs(state, multiply_adds(l));
}

// Registers a kernel's benchmark for every tier.
template <class L>
void add(const char* precision, void (*time)(benchmark::State&, Tier, const L&), const L& layer) {
  for (const Tier tier : {Tier::kReference, Tier::kSimd128}) {
    const std::string name =
        std::string(layer.name) + "/" + precision + "/" + std::string(tier_name(tier));
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& s) { time(s, tier, layer); });
  }
}

void add_all() {
  for (const Layer& layer : kLayers) {
    add("f32", time_f32, layer);
    add("f32s8", time_f32s8, layer);
    add("u8s8", time_integers<Form::kU8S8>, layer);
    add("u8s4", time_integers<Form::kU8S4>, layer);
    add("groups", time_integers<Form::kGroups>, layer);
  }
  for (const DepthwiseLayer& layer : kDepthwiseLayers) {
    add("f32", time_depthwise_f32, layer);
    add("u8s8", time_depthwise_u8s8, layer);
  }
}

}  // namespace
}  // namespace lowbit::kernels

int main(int argc, char** argv) {
  lowbit::kernels::add_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}

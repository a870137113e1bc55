#include "train/gradients/strided.h"

#include <algorithm>

namespace lowbit::gradient {

namespace {

struct Axis {
  int64_t extent = 1;
  int64_t input_stride = 0;
  int64_t output_stride = 0;
};

// The axes from the slowest to the fastest of the input, so that it is read in order.
struct Walk {
  std::array<Axis, kMaxRank> axes;
  int rank = 0;

  Walk(const Shape& shape, const Strides& input, const Strides& output) {
    for (int a = 0; a < shape.rank(); ++a) {
      const auto i = static_cast<size_t>(a);
      if (shape[a] != 1) axes[static_cast<size_t>(rank++)] = {shape[a], input[i], output[i]};
    }
    if (rank == 0) rank = 1;
    std::sort(axes.begin(), axes.begin() + rank,
              [](const Axis& a, const Axis& b) { return a.input_stride > b.input_stride; });
  }

  // Calls row(input offset, output offset) for every index of all axes but the fastest.
  template <class Row>
  void for_each_row(const Row& row) const {
    for (int a = 0; a < rank; ++a) {
      if (axes[static_cast<size_t>(a)].extent == 0) return;
    }
    std::array<int64_t, kMaxRank> index{};
    int64_t in = 0;
    int64_t out = 0;
    while (true) {
      row(in, out);
      int a = rank - 2;
      for (; a >= 0; --a) {
        const auto i = static_cast<size_t>(a);
        in += axes[i].input_stride;
        out += axes[i].output_stride;
        if (++index[i] < axes[i].extent) break;
        in -= axes[i].extent * axes[i].input_stride;
        out -= axes[i].extent * axes[i].output_stride;
        index[i] = 0;
      }
      if (a < 0) return;
    }
  }

  const Axis& fastest() const { return axes[static_cast<size_t>(rank - 1)]; }
};

}  // namespace

Strides strides_of(const Shape& shape, bool channels_last) {
  Strides strides{};
  if (channels_last && shape.rank() == 4) {
    strides[1] = 1;
    strides[3] = shape[1];
    strides[2] = shape[3] * strides[3];
    strides[0] = shape[2] * strides[2];
    return strides;
  }
  int64_t stride = 1;
  for (int a = shape.rank() - 1; a >= 0; --a) {
    strides[static_cast<size_t>(a)] = stride;
    stride *= shape[a];
  }
  return strides;
}

Strides broadcast_strides(const ValueView& view, const Shape& target) {
  const Strides own = strides_of(view);
  Strides strides{};
  const int shift = target.rank() - view.shape.rank();
  for (int a = 0; a < view.shape.rank(); ++a) {
    if (view.shape[a] != 1) strides[static_cast<size_t>(a + shift)] = own[static_cast<size_t>(a)];
  }
  return strides;
}

bool is_row_major(const ValueView& view) {
  if (!view.channels_last || view.shape.rank() != 4) return true;
  return view.shape[1] == 1 || view.shape[2] * view.shape[3] == 1;
}

void copy_strided(const Shape& shape, const float* input, const Strides& input_strides,
                  float* output, const Strides& output_strides) {
  const Walk walk(shape, input_strides, output_strides);
  const Axis axis = walk.fastest();
  walk.for_each_row([&](int64_t in, int64_t out) {
    for (int64_t i = 0; i < axis.extent; ++i) {
      output[out + i * axis.output_stride] = input[in + i * axis.input_stride];
    }
  });
}

void add_strided(const Shape& shape, const float* input, const Strides& input_strides,
                 float* output, const Strides& output_strides) {
  const Walk walk(shape, input_strides, output_strides);
  const Axis axis = walk.fastest();
  walk.for_each_row([&](int64_t in, int64_t out) {
    if (axis.output_stride == 0) {
      float sum = 0;
      for (int64_t i = 0; i < axis.extent; ++i) sum += input[in + i * axis.input_stride];
      output[out] += sum;
    } else {
      for (int64_t i = 0; i < axis.extent; ++i) {
        output[out + i * axis.output_stride] += input[in + i * axis.input_stride];
      }
    }
  });
}

void sum_rows(const float* x, int64_t rows, int64_t columns, int64_t row_stride, float* out) {
  std::fill_n(out, columns, 0.0f);
  for (int64_t i = 0; i < rows; ++i) {
    const float* row = x + i * row_stride;
    for (int64_t j = 0; j < columns; ++j) out[j] += row[j];
  }
}

}  // namespace lowbit::gradient

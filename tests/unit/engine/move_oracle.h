// Which element of its input each element of a node's output is, for operators that only move
// elements: ONNX's definitions, coordinate by coordinate in the graph's axes.
#pragma once

#include <algorithm>
#include <vector>

#include "graph/graph.h"

namespace lowbit::test {

using Coordinates = std::vector<int64_t>;

inline constexpr int64_t kFilled = -1;

// The index into an operand that is broadcast to `output`, for the output's element `i`.
inline int64_t broadcast_index(const Shape& operand, const Shape& output, int64_t i) {
  int64_t index = 0;
  int64_t stride = 1;
  for (int axis = output.rank() - 1; axis >= 0; --axis) {
    const int64_t coordinate = i % output[axis];
    i /= output[axis];
    const int own = axis - (output.rank() - operand.rank());
    if (own < 0) continue;
    if (operand[own] != 1) index += coordinate * stride;
    stride *= operand[own];
  }
  return index;
}

class MoveOracle {
 public:
  static bool has(Op op) {
    return op == Op::kTranspose || op == Op::kSlice || op == Op::kGather || op == Op::kPad ||
           op == Op::kExpand || op == Op::kTile || op == Op::kDepthToSpace ||
           op == Op::kSpaceToDepth;
  }

  // `indices`: int64, of a Gather.
  MoveOracle(const Node& node, const Shape& input, const Shape& output, const Tensor* indices)
      : node_(node), input_(input), output_(output), indices_(indices) {}

  // The index of the input's element, row-major; kFilled: none.
  int64_t source_of(int64_t output_index) const {
    Coordinates at(static_cast<size_t>(output_.rank()));
    for (int axis = output_.rank() - 1; axis >= 0; --axis) {
      at[static_cast<size_t>(axis)] = output_index % output_[axis];
      output_index /= output_[axis];
    }
    const Coordinates from = source(at);
    if (from.empty() && input_.rank() > 0) return kFilled;
    int64_t index = 0;
    for (int axis = 0; axis < input_.rank(); ++axis) {
      index = index * input_[axis] + from[static_cast<size_t>(axis)];
    }
    return index;
  }

 private:
  Coordinates source(const Coordinates& at) const {
    switch (node_.op) {
      case Op::kTranspose:
        return transpose(at);
      case Op::kSlice:
        return slice(at);
      case Op::kGather:
        return gather(at);
      case Op::kPad:
        return pad(at);
      case Op::kExpand:
      case Op::kTile:
        return repeat(at);
      case Op::kDepthToSpace:
        return depth_to_space(at);
      default:
        return space_to_depth(at);
    }
  }

  Coordinates transpose(const Coordinates& at) const {
    const auto& permutation = std::get<TransposeAttributes>(node_.attributes).permutation;
    Coordinates from(at.size());
    for (size_t i = 0; i < at.size(); ++i) from[static_cast<size_t>(permutation[i])] = at[i];
    return from;
  }

  // Walks there.
  Coordinates slice(Coordinates at) const {
    const auto& a = std::get<SliceAttributes>(node_.attributes);
    for (size_t i = 0; i < a.axes.size(); ++i) {
      const int64_t axis = a.axes[i] < 0 ? a.axes[i] + input_.rank() : a.axes[i];
      const int64_t length = input_[static_cast<int>(axis)];
      int64_t start = a.starts[i] < 0 ? a.starts[i] + length : a.starts[i];
      start = std::min(std::max<int64_t>(start, 0), a.steps[i] > 0 ? length : length - 1);
      int64_t& place = at[static_cast<size_t>(axis)];
      const int64_t count = place;
      place = start;
      for (int64_t k = 0; k < count; ++k) place += a.steps[i];
    }
    return at;
  }

  Coordinates gather(const Coordinates& at) const {
    const int64_t given = std::get<AxisAttributes>(node_.attributes).axis;
    const auto axis = static_cast<size_t>(given < 0 ? given + input_.rank() : given);
    Coordinates from(at.begin(), at.begin() + static_cast<ptrdiff_t>(axis));
    int64_t index = 0;
    const Shape& indices = indices_->shape();
    for (int i = 0; i < indices.rank(); ++i) {
      index = index * indices[i] + at[axis + static_cast<size_t>(i)];
    }
    const int64_t length = input_[static_cast<int>(axis)];
    const int64_t place = indices_->data<int64_t>()[static_cast<size_t>(index)];
    from.push_back(place < 0 ? place + length : place);
    from.insert(from.end(), at.begin() + static_cast<ptrdiff_t>(axis) + indices.rank(), at.end());
    return from;
  }

  Coordinates pad(Coordinates at) const {
    const auto& a = std::get<PadAttributes>(node_.attributes);
    for (size_t i = 0; i < at.size(); ++i) {
      const int64_t before = a.pads[i];
      const int64_t after = a.pads[i + at.size()];
      // The first and the last that are left.
      const int64_t first = std::max<int64_t>(-before, 0);
      const int64_t last = input_[static_cast<int>(i)] - 1 + std::min<int64_t>(after, 0);
      int64_t& place = at[i];
      place -= before;
      if (place >= first && place <= last) continue;
      switch (a.mode) {
        case PadMode::kConstant:
          return {};
        case PadMode::kEdge:
          place = place < first ? first : last;
          break;
        case PadMode::kReflect:
          place = place < first ? 2 * first - place : 2 * last - place;
          break;
        case PadMode::kWrap:
          while (place < first) place += last - first + 1;
          while (place > last) place -= last - first + 1;
          break;
      }
    }
    return at;
  }

  Coordinates repeat(const Coordinates& at) const {
    Coordinates from(at.end() - input_.rank(), at.end());
    for (int i = 0; i < input_.rank(); ++i) from[static_cast<size_t>(i)] %= input_[i];
    return from;
  }

  Coordinates depth_to_space(const Coordinates& at) const {
    const auto& a = std::get<BlockAttributes>(node_.attributes);
    const int64_t b = a.block_size;
    const int64_t pixel = at[2] % b * b + at[3] % b;
    const int64_t channel = a.depth_first ? pixel * output_[1] + at[1] : at[1] * b * b + pixel;
    return {at[0], channel, at[2] / b, at[3] / b};
  }

  Coordinates space_to_depth(const Coordinates& at) const {
    const int64_t b = std::get<BlockAttributes>(node_.attributes).block_size;
    const int64_t pixel = at[1] / input_[1];
    return {at[0], at[1] % input_[1], at[2] * b + pixel / b, at[3] * b + pixel % b};
  }

  const Node& node_;
  const Shape& input_;
  const Shape& output_;
  const Tensor* indices_;
};

}  // namespace lowbit::test

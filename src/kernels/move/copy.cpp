#include <algorithm>
#include <cstring>

#include "kernels/move/move.h"

namespace lowbit::kernels {

namespace {

class Copy {
 public:
  explicit Copy(const CopyByAxis& args) : args_(args), output_(args.output) {
    // How many bytes of the output an index along an axis is.
    int64_t bytes = args.run * args.element_bytes;
    run_bytes_ = static_cast<size_t>(bytes);
    for (int axis = args.dims.rank() - 1; axis >= 0; --axis) {
      bytes_[static_cast<size_t>(axis)] = bytes;
      bytes *= args.dims[axis];
    }
  }

  void run() { copy_axis(0, args_.first); }

 private:
  void copy_axis(int axis, int64_t offset) {
    const int rank = args_.dims.rank();
    if (axis == rank) {
      copy_run(offset);
    } else if (axis == rank - 1) {
      copy_innermost(axis, offset);
    } else {
      const int32_t* const offsets = args_.offsets[static_cast<size_t>(axis)];
      for (int64_t i = 0; i < args_.dims[axis]; ++i) {
        if (offsets[i] == CopyByAxis::kFill) {
          fill(bytes_[static_cast<size_t>(axis)]);
        } else {
          copy_axis(axis + 1, offset + offsets[i]);
        }
      }
    }
  }

  void copy_run(int64_t offset) {
    std::memcpy(output_, args_.input + offset * args_.element_bytes, run_bytes_);
    output_ += run_bytes_;
  }

  void copy_innermost(int axis, int64_t offset) {
    switch (run_bytes_) {
      case 1:
        return copy_elements<uint8_t>(axis, offset);
      case 4:
        return copy_elements<uint32_t>(axis, offset);
      case 8:
        return copy_elements<uint64_t>(axis, offset);
      default:
        break;
    }
    const int32_t* const offsets = args_.offsets[static_cast<size_t>(axis)];
    for (int64_t i = 0; i < args_.dims[axis]; ++i) {
      if (offsets[i] == CopyByAxis::kFill) {
        fill(bytes_[static_cast<size_t>(axis)]);
      } else {
        copy_run(offset + offsets[i]);
      }
    }
  }

  // Runs as long as a register.
  template <class T>
  void copy_elements(int axis, int64_t offset) {
    const int32_t* const offsets = args_.offsets[static_cast<size_t>(axis)];
    const std::byte* const input = args_.input + offset * args_.element_bytes;
    const int64_t count = args_.dims[axis];
    std::byte* const output = output_;
    for (int64_t i = 0; i < count; ++i) {
      if (offsets[i] == CopyByAxis::kFill) {
        output_ = output + i * int64_t{sizeof(T)};
        fill(int64_t{sizeof(T)});
        continue;
      }
      T element;
      std::memcpy(&element, input + offsets[i] * args_.element_bytes, sizeof(T));
      std::memcpy(output + i * int64_t{sizeof(T)}, &element, sizeof(T));
    }
    output_ = output + count * int64_t{sizeof(T)};
  }

  void fill(int64_t bytes) {
    const auto element_bytes = static_cast<size_t>(args_.element_bytes);
    for (int64_t i = 0; i < bytes; i += args_.element_bytes) {
      std::memcpy(output_, args_.fill.data(), element_bytes);
      output_ += element_bytes;
    }
  }

  const CopyByAxis& args_;
  std::byte* output_;
  size_t run_bytes_ = 0;
  std::array<int64_t, kMaxRank> bytes_{};
};

template <class Index>
void gather_by(const Gather& args) {
  const Index* const indices = static_cast<const Index*>(args.indices);
  std::byte* output = args.output;
  for (int64_t o = 0; o < args.outer; ++o) {
    const std::byte* const input = args.input + o * args.length * args.bytes;
    for (int64_t i = 0; i < args.count; ++i) {
      const int64_t index = indices[i] < 0 ? indices[i] + args.length : indices[i];
      const int64_t place = std::clamp<int64_t>(index, 0, args.length - 1);
      std::memcpy(output, input + place * args.bytes, static_cast<size_t>(args.bytes));
      output += args.bytes;
    }
  }
}

}  // namespace

void copy_by_axis(const CopyByAxis& args) { Copy(args).run(); }

void gather(const Gather& args) {
  args.is_wide ? gather_by<int64_t>(args) : gather_by<int32_t>(args);
}

}  // namespace lowbit::kernels

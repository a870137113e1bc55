// A step of a plan: one kernel call, prepared. Lowering makes it, bind() gives it its addresses,
// pack() its constants, and run() only calls the kernel.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace lowbit::engine {

// A place in the arena.
using Slot = int32_t;
inline constexpr Slot kNoSlot = -1;

// Where the places are, once the arena exists.
class Memory {
 public:
  Memory() = default;
  Memory(std::byte* base, std::span<const int64_t> offsets) : base_(base), offsets_(offsets) {}

  template <class T>
  T* at(Slot slot) const {
    return reinterpret_cast<T*>(base_ + offsets_[static_cast<size_t>(slot)]);
  }

 private:
  std::byte* base_ = nullptr;
  std::span<const int64_t> offsets_;
};

// What packing works with: the graph that holds the constants, and room for intermediate forms,
// which the next step reuses.
class PackContext {
 public:
  PackContext(const Graph& graph, std::span<std::byte> room) : graph_(graph), room_(room) {}

  const Graph& graph() const { return graph_; }

  // Room for `count` elements until the step's pack() returns; the step has reserved it
  // (Lowering::reserve_pack_room).
  template <class T>
  T* take(int64_t count) {
    T* taken = reinterpret_cast<T*>(room_.data() + used_);
    used_ += static_cast<size_t>(pack_room(count, sizeof(T)));
    assert(used_ <= room_.size());
    return taken;
  }
  void release_all() { used_ = 0; }

  // Bytes that take() uses for `count` elements.
  static constexpr int64_t pack_room(int64_t count, size_t element_bytes) {
    constexpr int64_t kAlignment = int64_t{Buffer::kAlignment};
    const int64_t bytes = count * static_cast<int64_t>(element_bytes);
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

 private:
  const Graph& graph_;
  std::span<std::byte> room_;
  size_t used_ = 0;
};

class Step {
 public:
  virtual ~Step() = default;
  virtual void bind(const Memory& memory) = 0;
  // Called after bind(), and again whenever the constants' values change.
  virtual Status pack(PackContext&) { return success(); }
  virtual void run() const = 0;
};

}  // namespace lowbit::engine

// Memory for messages of many packets, used again and again: large memory is a system call away.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "cluster/message_memory.h"

namespace muster {

/// Not thread-safe. `bytes_max` limits what is taken at the same time, and is no less than the
/// largest message; a few are kept for the next.
///
/// What was given back may still be held by packets that refer to it. It counts no more, since a
/// port keeps what it has sent for as long as it sends nothing else; until nobody holds it, it is
/// not taken again, and where all lendable memory is held so, ordinary memory is taken, from which
/// packets are filled.
class LargeBuffers {
 public:
  /// Moves; its bytes stay where they are.
  class Buffer {
   public:
    Buffer() = default;
    Buffer(Buffer&&) noexcept = default;
    Buffer& operator=(Buffer&&) noexcept = default;

    bool empty() const { return !memory_; }
    std::span<std::byte> bytes() const { return memory_->bytes().first(size_); }
    MessageMemory& memory() const { return *memory_; }

   private:
    friend class LargeBuffers;
    HeldMemory memory_;
    std::size_t size_ = 0;
  };

  /// `lendable` outlives all packets; null: there is none.
  LargeBuffers(std::size_t bytes_max, LendableMemory* lendable)
      : bytes_max_(bytes_max), source_(lendable) {
    spare_.reserve(spare_max);  // give() throws nothing
    lendable_.reserve(lendable_max);
  }

  /// So large, and so much is counted, whatever memory it had before; empty: the limit is reached.
  Buffer take(std::size_t bytes) {
    if (taken_bytes_ > 0 && taken_bytes_ + bytes > bytes_max_) return {};
    Buffer buffer;
    buffer.memory_ = source_ == nullptr ? HeldMemory() : lendable(bytes);
    if (!buffer.memory_) buffer.memory_ = ordinary(bytes);
    buffer.size_ = bytes;
    taken_bytes_ += bytes;
    return buffer;
  }
  /// One that take() gave. An empty one is fine.
  void give(Buffer&& buffer) {
    if (buffer.empty()) return;
    taken_bytes_ -= std::exchange(buffer.size_, 0);
    const HeldMemory memory = std::move(buffer.memory_);
    if (!memory->is_lendable() && spare_.size() < spare_max) spare_.push_back(memory);
  }

 private:
  static constexpr std::size_t spare_max = 4;
  /// Each message has one to itself until its last packet is done with. All are looked through.
  static constexpr std::size_t lendable_max = 8;
  /// What is a little longer the next time has room then.
  static constexpr std::size_t grain_bytes = std::size_t{64} << 10;

  /// A free one that is long enough; else one more, in the place of one that is too short where
  /// there are as many as may be. What is there is let go of once there is a longer one only.
  HeldMemory lendable(std::size_t bytes) {
    HeldMemory* too_short = nullptr;
    for (HeldMemory& memory : lendable_) {
      if (!memory->is_held_once()) continue;
      if (memory->bytes().size() >= bytes) return memory;
      too_short = &memory;
    }
    const bool more = lendable_.size() < lendable_max;
    if (!more && too_short == nullptr) return {};
    const HeldMemory longer(
        MessageMemory::lendable(*source_, (bytes + grain_bytes - 1) / grain_bytes * grain_bytes));
    if (!longer) return {};
    return more ? lendable_.emplace_back(longer) : *too_short = longer;
  }
  HeldMemory ordinary(std::size_t bytes) {
    HeldMemory memory;
    if (!spare_.empty()) {
      memory = std::move(spare_.back());
      spare_.pop_back();
    }
    if (memory && memory->bytes().size() >= bytes) return memory;
    memory = {};  // what it held is of no use
    return HeldMemory(MessageMemory::ordinary(bytes));
  }

  const std::size_t bytes_max_;
  LendableMemory* const source_;
  std::size_t taken_bytes_ = 0;
  std::vector<HeldMemory> spare_;     ///< ordinary
  std::vector<HeldMemory> lendable_;  ///< all of it, whoever else holds it
};

}  // namespace muster

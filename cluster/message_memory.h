// Memory of long messages, which packets can refer to instead of holding what they carry.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace muster {

/// A shorter piece of a message is copied sooner than it is looked after (docs/adr/0031).
inline constexpr std::size_t lent_bytes_min = 2048;

/// Memory that a port can read where it lies. Any thread may call it at any time.
class LendableMemory {
 public:
  virtual ~LendableMemory() = default;
  /// nullptr: there is no more of it.
  virtual std::byte* allocate(std::size_t bytes) = 0;
  virtual void free(std::byte* memory, std::size_t bytes) = 0;
};

/// Held by whoever writes it, and by each packet that refers to it; the last one gives it back.
/// Nobody writes it unless he alone holds it. hold() and let_go() by any thread.
class MessageMemory {
 public:
  /// Held once; nullptr: the source has no more of it.
  static MessageMemory* lendable(LendableMemory& source, std::size_t bytes) {
    std::byte* memory = source.allocate(bytes);
    return memory == nullptr ? nullptr : new MessageMemory(&source, {memory, bytes});
  }
  /// The same which no packet can refer to.
  static MessageMemory* ordinary(std::size_t bytes) {
    return new MessageMemory(nullptr, {new std::byte[bytes], bytes});
  }
  MessageMemory(const MessageMemory&) = delete;
  MessageMemory& operator=(const MessageMemory&) = delete;

  std::span<std::byte> bytes() const { return bytes_; }
  bool is_lendable() const { return source_ != nullptr; }

  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  /// What others have read of it they have read before whoever is_held_once() writes.
  void let_go() {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  bool is_held_once() const { return holders_.load(std::memory_order_acquire) == 1; }

 private:
  MessageMemory(LendableMemory* source, std::span<std::byte> bytes)
      : source_(source), bytes_(bytes) {}
  ~MessageMemory() {
    if (source_ != nullptr)
      source_->free(bytes_.data(), bytes_.size());
    else
      delete[] bytes_.data();
  }

  LendableMemory* const source_;
  const std::span<std::byte> bytes_;
  std::atomic<std::uint32_t> holders_{1};
};

/// Holds it, or none.
class HeldMemory {
 public:
  HeldMemory() = default;
  /// Takes over one hold.
  explicit HeldMemory(MessageMemory* held) : memory_(held) {}
  HeldMemory(const HeldMemory& other) : memory_(other.memory_) {
    if (memory_ != nullptr) memory_->hold();
  }
  HeldMemory(HeldMemory&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  HeldMemory& operator=(HeldMemory other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~HeldMemory() {
    if (memory_ != nullptr) memory_->let_go();
  }

  explicit operator bool() const { return memory_ != nullptr; }
  MessageMemory& operator*() const { return *memory_; }
  MessageMemory* operator->() const { return memory_; }

 private:
  MessageMemory* memory_ = nullptr;
};

}  // namespace muster

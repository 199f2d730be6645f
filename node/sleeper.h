// How one thread of the application sleeps, and the engine's wakes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "cluster/types.h"
#include "node/wake_up.h"
#include "ring/slots.h"

namespace muster {

/// Costs neither of the two a fence or a system call while nobody sleeps.
class Sleeper {
 public:
  // For the application's thread.

  /// From here on it looks for room: what comes after is a reason to wake for whoever found none.
  void look_for_room() {
    if (wake_up_) room_seen_ = room_.load(std::memory_order_acquire);
  }
  /// What it can sleep on. Throws StartError.
  int fd() {
    if (!wake_up_) wake_up_.emplace(std::span<const int>{});
    return wake_up_->fd();
  }
  /// It is about to sleep, and has heard so many words. Requires fd().
  void arm(TimeNs until, std::uint64_t heard_words, bool for_room) {
    wake_up_->set_time(until);
    since_word_.store(heard_words, std::memory_order_relaxed);
    since_room_.store(for_room ? room_seen_ : no_room_wanted, std::memory_order_relaxed);
    asleep_.store(true);  // before it looks for the engine's end: see wake_for_good()
  }
  void disarm() {
    asleep_.store(false, std::memory_order_relaxed);
    wake_up_->clear();
  }

  // For the engine's.

  void more_room() {
    room_.store(room_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  /// Once in each cycle; it has been told so many words. What it has not heard, or not had, by the
  /// time it sleeps is seen here in this cycle or the next.
  void wake(std::uint64_t told_words) {
    if (!asleep_.load(std::memory_order_acquire)) return;
    const std::uint64_t room = since_room_.load(std::memory_order_relaxed);
    const bool wanted = room != no_room_wanted && room != room_.load(std::memory_order_relaxed);
    if (!wanted && since_word_.load(std::memory_order_relaxed) == told_words) return;
    if (asleep_.exchange(false, std::memory_order_acquire)) wake_up_->ring();
  }
  /// Once Errands::ended() is so. Of the two, each writes and then reads what the other writes: one
  /// of them sees it.
  void wake_for_good() {
    if (asleep_.exchange(false)) wake_up_->ring();
  }

 private:
  static constexpr std::uint64_t no_room_wanted = ~std::uint64_t{0};

  /// The application's; the engine rings it once for each time that it is asleep.
  std::optional<WakeUp> wake_up_;
  std::uint64_t room_seen_ = 0;
  /// It sleeps, or is about to, and has heard so many words, or wants more room than there had
  /// been.
  std::atomic<bool> asleep_{false};
  std::atomic<std::uint64_t> since_word_{0};
  std::atomic<std::uint64_t> since_room_{no_room_wanted};
  /// The engine's: times that there was more.
  alignas(ring::line_stride_bytes) std::atomic<std::uint64_t> room_{0};
};

}  // namespace muster

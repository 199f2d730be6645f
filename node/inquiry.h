// A question from one thread to another that runs a polling loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

namespace muster {

/// The loop calls answer() in each cycle, which costs it one load of a line that seldom changes.
template <class T>
class Inquiry {
 public:
  /// Waits for up to `cycles` times 50 us. Returns the last answer there was, when none comes.
  const T& ask(int cycles) {
    state_.store(State::asked, std::memory_order_release);
    for (int i = 0; i < cycles; ++i) {
      if (state_.load(std::memory_order_acquire) == State::answered) {
        last_ = answer_;
        break;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return last_;
  }

  /// `fill(T&)` is called if somebody asks.
  template <class Fill>
  void answer(Fill&& fill) {
    if (state_.load(std::memory_order_acquire) != State::asked) return;
    answer_ = T{};
    fill(answer_);
    state_.store(State::answered, std::memory_order_release);
  }

 private:
  enum class State : std::uint8_t { idle, asked, answered };

  std::atomic<State> state_{State::idle};
  T answer_{};
  T last_{};
};

}  // namespace muster

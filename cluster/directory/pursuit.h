// When to ask, when to ask again, and for how much: one conversation that fetches what is missing.
// At most one request of it is outstanding.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/config.h"
#include "cluster/random.h"

namespace muster {

class Pursuit {
 public:
  enum class State : std::uint8_t {
    idle,
    waiting,      ///< something is missing: it is asked for soon
    outstanding,  ///< asked for
    postponed,    ///< in the middle; the application has to catch up first
  };

  State state() const { return state_; }
  TimeNs due_ns() const { return state_ == State::idle ? never_ns : due_ns_; }
  std::uint32_t attempts() const { return attempts_; }

  /// Something is missing: ask after a random moment, in which it may still arrive by itself,
  /// and which spreads the requests of many who miss the same.
  void want(TimeNs now, const DirectoryConfig& config, Random& random) {
    if (state_ != State::idle) return;
    state_ = State::waiting;
    attempts_ = 0;
    due_ns_ = now + random.below(config.request_jitter_ns + 1);
  }
  void postpone(TimeNs until) {
    state_ = State::postponed;
    due_ns_ = until;
  }
  /// A request goes out; asked again when it is not answered in time, more rarely at each try.
  /// Returns the number that the answer must carry.
  std::uint32_t sent(TimeNs now, const DirectoryConfig& config, Random& random) {
    if (state_ == State::outstanding) halve();
    state_ = State::outstanding;
    timeout_ns_ = config.request_timeout_ns << std::min(attempts_, 4u);
    timeout_ns_ += random.below(timeout_ns_ / 4 + 1);
    due_ns_ = now + timeout_ns_;
    ++attempts_;
    pages_ = std::min(pages_, std::min(config.answer_pages_max, std::uint32_t{UINT8_MAX}));
    next_page_ = 0;
    request_ = static_cast<std::uint32_t>(random.next());
    return request_;
  }
  /// How many packets the next answer may have: doubled while nothing is lost, halved at a loss.
  std::uint8_t pages() const { return static_cast<std::uint8_t>(pages_); }

  bool awaits(std::uint32_t request) const {
    return state_ == State::outstanding && request == request_;
  }
  enum class Order : std::uint8_t {
    next,
    again,  ///< it was here already
    hole,   ///< one before it is missing
  };
  /// A page of the awaited answer has come.
  Order page(TimeNs now, std::uint8_t number) {
    if (number != next_page_) return number < next_page_ ? Order::again : Order::hole;
    ++next_page_;
    attempts_ = 0;
    due_ns_ = now + timeout_ns_;
    return Order::next;
  }
  /// The answer has come to its end, and there is more to ask for.
  void answered() {
    state_ = State::waiting;
    pages_ *= 2;
  }
  void end() { state_ = State::idle; }

 private:
  static constexpr std::uint32_t pages_at_first = 4;

  void halve() { pages_ = std::max(pages_ / 2, 1u); }

  State state_ = State::idle;
  std::uint32_t request_ = 0;
  std::uint32_t attempts_ = 0;
  std::uint32_t pages_ = pages_at_first;
  std::uint32_t next_page_ = 0;
  DurationNs timeout_ns_ = 0;
  TimeNs due_ns_ = never_ns;
};

}  // namespace muster

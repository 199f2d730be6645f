// When to ask, and when to ask again: the timer of one conversation that fetches what is missing.
// At most one request of it is outstanding.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/config.h"
#include "cluster/random.h"

namespace muster {

class Pursuit {
 public:
  enum class State : std::uint8_t { idle, waiting, outstanding };

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
  /// A request went out; asked again when it is not answered in time, more rarely at each try.
  /// Returns the number that the answer must carry.
  std::uint32_t sent(TimeNs now, const DirectoryConfig& config, Random& random) {
    state_ = State::outstanding;
    const DurationNs timeout = config.request_timeout_ns << std::min(attempts_, 4u);
    due_ns_ = now + timeout + random.below(timeout / 4 + 1);
    ++attempts_;
    request_ = static_cast<std::uint32_t>(random.next());
    return request_;
  }
  bool awaits(std::uint32_t request) const {
    return state_ == State::outstanding && request == request_;
  }
  /// The answer made progress, and there is more to ask for.
  void progressed() { attempts_ = 0; }
  void end() { state_ = State::idle; }

 private:
  State state_ = State::idle;
  std::uint32_t request_ = 0;
  std::uint32_t attempts_ = 0;
  TimeNs due_ns_ = never_ns;
};

}  // namespace muster

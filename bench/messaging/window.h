// What was done between two moments.
#pragma once

#include <cstdint>

#include "bench/messaging/task.h"
#include "bench/support/processor_time.h"
#include "cluster/types.h"

namespace muster::bench {

/// The moments are where look() first finds them past, and time and counts are read there
/// together: seldom looks make the window a little longer or later, not wrong.
class Window {
 public:
  /// From `begin_ns` on, for `length_ns` at least.
  Window(TimeNs begin_ns, DurationNs length_ns) : begin_ns_(begin_ns), length_ns_(length_ns) {}

  /// Messages and losses are counted since whenever.
  void look(TimeNs now_ns, std::uint64_t messages, std::uint64_t lost) {
    if (state_ == State::before && now_ns >= begin_ns_) {
      from_ = {now_ns, messages, lost, process_seconds()};
      state_ = State::within;
    } else if (state_ == State::within && now_ns >= from_.time_ns + length_ns_) {
      until_ = {now_ns, messages, lost, process_seconds()};
      state_ = State::over;
    }
  }
  bool over() const { return state_ == State::over; }

  /// Nothing was done where it is not over.
  Outcome outcome() const {
    if (!over()) return {};
    return {.messages = until_.messages - from_.messages,
            .lost = until_.lost - from_.lost,
            .seconds = static_cast<double>(until_.time_ns - from_.time_ns) / 1e9,
            .processor_seconds = until_.processor_seconds - from_.processor_seconds,
            .times = {}};
  }

 private:
  enum class State : std::uint8_t { before, within, over };
  struct Moment {
    TimeNs time_ns = 0;
    std::uint64_t messages = 0;
    std::uint64_t lost = 0;
    double processor_seconds = 0;
  };
  TimeNs begin_ns_;
  DurationNs length_ns_;
  State state_ = State::before;
  Moment from_;
  Moment until_;
};

}  // namespace muster::bench

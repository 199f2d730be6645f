// What a pair of processes is asked to measure, and what each of the two has to say of it. As text
// on one line, for the pipes between them and who asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/support/histogram.h"
#include "cluster/types.h"

namespace muster::bench {

struct Task {
  enum class Kind : std::uint8_t {
    ping,  ///< round trips, one at a time
    rate,  ///< one way, as fast as it goes
    load,  ///< one way, one message each interval
  };
  Kind kind = Kind::ping;
  std::uint16_t run = 0;  ///< another one each time
  std::size_t bytes = 0;  ///< of a message
  DurationNs warm_ns = 0;
  DurationNs length_ns = 0;  ///< of the measurement, after that
  double interval_ns = 0;    ///< load

  /// Load: messages that are sent in all, and those before the measurement begins.
  std::uint64_t messages() const { return after(warm_ns + length_ns); }
  std::uint64_t warm_messages() const { return after(warm_ns); }

 private:
  std::uint64_t after(DurationNs duration_ns) const {
    return static_cast<std::uint64_t>(static_cast<double>(duration_ns) / interval_ns);
  }
};

/// What one of the two did while it was measured.
struct Outcome {
  std::uint64_t messages = 0;  ///< sent by near; received by far
  std::uint64_t lost = 0;      ///< known by the numbers; of a ping: not back in time
  double seconds = 0;
  double processor_seconds = 0;  ///< of all its threads
  Histogram times;  ///< ping: round trips, at near; load: one way, from when it was due, at far
};

std::string to_line(const Task& task);
std::string to_line(const Outcome& outcome);
/// Throw std::runtime_error where the line is none of these.
Task task_of(const std::string& line);
Outcome outcome_of(const std::string& line);

}  // namespace muster::bench

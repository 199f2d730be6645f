// The one queue of virtual time: what happens next, and in which order at one moment.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "cluster/types.h"

namespace muster::sim {

enum class EventKind : std::uint8_t {
  arrival,      ///< of a packet at a server
  wake,         ///< a server's deadline
  cycle,        ///< the end of a server's duty cycle
  serve,        ///< a slow server takes the next packet out of its receive ring
  work,         ///< the workload of a server does something
  fault,        ///< something befalls the world
  start,        ///< of a server's process
  exit,         ///< of a process that has left
  resume,       ///< of a paused process
  mend,         ///< of one outage
  notice,       ///< by now a death must be known to whoever is healthy
  late_notice,  ///< and by now to all
  heal,         ///< all faults end
  settle,       ///< has the cluster converged?
};

struct Event {
  TimeNs at_ns = 0;
  std::uint64_t order = 0;  ///< of scheduling: decides between events of one moment
  EventKind kind{};
  std::uint32_t server = 0;
  std::uint64_t what = 0;  ///< a number whose meaning depends on the kind

  friend bool operator<(const Event& a, const Event& b) {  // the queue wants the last first
    return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.order > b.order;
  }
};

class EventQueue {
 public:
  void at(TimeNs when, EventKind kind, std::size_t server, std::uint64_t what = 0) {
    if (when == never_ns) return;
    events_.push({when, ++order_, kind, static_cast<std::uint32_t>(server), what});
  }
  bool empty() const { return events_.empty(); }
  /// When the next event is due; never_ns: there is none.
  TimeNs next_ns() const { return events_.empty() ? never_ns : events_.top().at_ns; }
  Event pop() {
    const Event event = events_.top();
    events_.pop();
    return event;
  }

 private:
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
};

}  // namespace muster::sim

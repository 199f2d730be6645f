#include "cluster/config.h"

namespace muster {

MembershipConfig lan_timers() { return {}; }

MembershipConfig wan_timers() {
  MembershipConfig timers;
  timers.heartbeat_interval_ns = 500 * ms;
  timers.suspect_after_ns = 2 * second;
  timers.dead_after_ns = 2 * second;
  timers.join_listen_ns = 1500 * ms;
  return timers;
}

MembershipConfig fast_timers() {
  MembershipConfig timers;
  timers.heartbeat_interval_ns = 1 * ms;
  timers.suspect_after_ns = 5 * ms;
  timers.dead_after_ns = 3 * ms;
  timers.join_listen_ns = 10 * ms;
  return timers;
}

}  // namespace muster

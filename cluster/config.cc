#include "cluster/config.h"

namespace muster {

MembershipConfig lan_timers() { return {}; }

MembershipConfig wan_timers() {
  return {.heartbeat_interval_ns = 500 * ms,
          .suspect_after_ns = 2 * second,
          .dead_after_ns = 2 * second,
          .join_listen_ns = 1500 * ms};
}

MembershipConfig fast_timers() {
  return {.heartbeat_interval_ns = 1 * ms,
          .suspect_after_ns = 5 * ms,
          .dead_after_ns = 3 * ms,
          .join_listen_ns = 10 * ms};
}

}  // namespace muster

// What one member knows of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cluster/events.h"
#include "cluster/timer_queue.h"
#include "cluster/types.h"

namespace muster {

/// What every packet touches stands first.
struct Peer : Timer {
  MemberKey key;
  TimeNs last_heard_ns = 0;
  /// The highest packet number heard from this incarnation: what comes late proves no life.
  std::uint64_t packet_number = 0;
  /// What the cluster looks like to it, from its last heartbeat.
  std::uint64_t view_digest = 0;
  /// Its last heartbeats, in a row, that showed members whom this one may not know.
  std::uint32_t ahead = 0;
  bool hears_group = true;
  bool suspected = false;
  TimeNs suspected_since_ns = 0;
  TimeNs probe_due_ns = 0;  ///< while suspected: when it is probed again
  std::uint64_t nonce = 0;  ///< of the probes under way
  std::size_t place = 0;    ///< while not suspected: among the Trusted
  Endpoint endpoint;
  std::string name;

  MemberInfo info() const { return {key, name, endpoint}; }
};

}  // namespace muster

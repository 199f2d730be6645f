// The switch's decisions, without frames: what entered here leaves there, then.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cluster/types.h"
#include "tools/fabric/counters.h"
#include "tools/fabric/faults.h"
#include "tools/fabric/learning_table.h"

namespace muster::fabric {

struct SwitchConfig {
  std::size_t ports = 2;
  std::uint64_t seed = 1;
  std::size_t frame_bytes_max = 1526;  ///< longer ones are dropped
  std::size_t stations_max = 4096;
  DurationNs age_ns = 300 * second;
  std::size_t delayed_frames_max = 8192;  ///< under way because of delay
  std::size_t waiting_frames_max = 512;   ///< for one port whose member is slow
};

/// One copy of a frame: where it leaves, and when.
struct Departure {
  PortIndex to;
  TimeNs when;
  friend bool operator==(const Departure&, const Departure&) = default;
};

/// A learning switch between faulty links. Without I/O and without a clock; one seed and the
/// same frames at the same times give the same decisions. Used by one thread.
class Forwarder {
 public:
  explicit Forwarder(const SwitchConfig& config);

  /// Decides and counts for a frame that entered at `from`. Valid until the next call.
  std::span<const Departure> forward(const FrameInfo& info, PortIndex from, TimeNs now);

  Faults& faults() { return faults_; }
  const Faults& faults() const { return faults_; }
  const LearningTable& table() const { return table_; }
  std::vector<PortCounters>& counters() { return counters_; }
  const std::vector<PortCounters>& counters() const { return counters_; }

 private:
  PortSet destinations(const FrameInfo& info, PortIndex from, TimeNs now);
  void leave(const FrameInfo& info, PortIndex from, PortSet to, TimeNs entered);

  PortSet all_;
  LearningTable table_;
  Faults faults_;
  std::vector<PortCounters> counters_;
  std::vector<Departure> departures_;
};

}  // namespace muster::fabric

// DPDK's log, taken over: quiet, quoted in our errors, and a view of the interrupt thread.
#pragma once

#include <string>

namespace muster::dpdk {

/// Before the EAL starts: from now on DPDK logs through here. `verbose`: the user has chosen log
/// levels, and sees all that they let through.
void take_over_log(bool verbose);
/// After the EAL has started. The memif driver logs each control message before it acts on it,
/// on the interrupt thread: that is where the BurstGate is closed. An alarm, which that thread
/// runs once it is done with the message, opens it again.
void watch_interrupts();

/// While one lives, DPDK's errors are kept for our own sentence instead of being printed. One
/// within another adds to it.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// What went wrong, as DPDK puts it; empty: nothing.
  std::string errors() const;
  /// Why a memif's peer hung up last, in its own words; empty: it has not.
  std::string hang_up() const;
  /// " (DPDK: <errors>)", or nothing.
  std::string quoted() const;
};

}  // namespace muster::dpdk

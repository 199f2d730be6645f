// Who runs the protocol for a node.
#pragma once

#include <memory>

#include "node/channel_set.h"
#include "node/runner.h"
#include "node/stats.h"

namespace muster {

/// For the thread that made the node.
class Driver {
 public:
  virtual ~Driver() = default;

  /// That thread's own.
  virtual Runner& runner() = 0;
  virtual void fill(NodeStats& stats) = 0;
  /// For another thread, which hears what comes on these channels; it must not outlive the driver.
  /// Waits for the engine. Throws StartError where there can be no other thread.
  virtual std::unique_ptr<Runner> attach(ChannelSet channels, bool directory) = 0;
  /// The node is at its end: leaves, and ends the threads. Other threads' runners stay, hear that
  /// this member has left, and after that nothing.
  virtual void end() = 0;
};

}  // namespace muster

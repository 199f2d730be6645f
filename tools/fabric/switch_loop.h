// The duty cycle between the ports and the switch.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "cluster/types.h"
#include "tools/fabric/capture.h"
#include "tools/fabric/fabric_switch.h"

namespace muster::fabric {

/// `Port` has receive(std::span<Frame>), which fills a burst from the front and returns how many
/// came; send(std::span<Frame>), which returns how many it took from the front; and link_up().
template <class Port, class Frame>
class SwitchLoop {
 public:
  /// `capture` may be nullptr. Wall time is a cycle's time and `wall_offset_ns`.
  SwitchLoop(FabricSwitch<Frame>& fabric, std::span<Port> ports, Capture* capture,
             TimeNs wall_offset_ns)
      : fabric_(fabric), ports_(ports), capture_(capture), wall_offset_ns_(wall_offset_ns) {}

  /// Returns how many frames came in or went out.
  std::size_t cycle(TimeNs now) {
    fabric_.release_due(now);
    std::size_t work = 0;
    for (std::size_t port = 0; port < ports_.size(); ++port)
      work += take_in(static_cast<PortIndex>(port), now);
    for (std::size_t port = 0; port < ports_.size(); ++port)
      work += hand_out(static_cast<PortIndex>(port));
    return work;
  }

 private:
  std::size_t take_in(PortIndex port, TimeNs now) {
    const std::size_t count = ports_[port].receive(burst_);
    for (std::size_t i = 0; i < count; ++i) {
      if (capture_ != nullptr)
        capture_->record(port, now + wall_offset_ns_, std::as_const(burst_[i]).bytes());
      fabric_.receive(port, std::move(burst_[i]), now);
    }
    return count;
  }

  /// What a member does not take now waits for the next cycle; what nobody is there to take goes.
  std::size_t hand_out(PortIndex port) {
    std::size_t sent = 0;
    while (fabric_.waiting(port)) {
      const std::size_t taken = fabric_.hand_out(
          port, [&](std::span<Frame> frames) { return ports_[port].send(frames); });
      sent += taken;
      if (taken > 0) continue;
      if (!ports_[port].link_up()) fabric_.discard(port);
      break;
    }
    return sent;
  }

  FabricSwitch<Frame>& fabric_;
  std::span<Port> ports_;
  Capture* capture_;
  TimeNs wall_offset_ns_;
  std::array<Frame, FabricSwitch<Frame>::burst_max> burst_{};
};

}  // namespace muster::fabric

// The switch with its frames: taken in, held back while they are under way, handed out.
#pragma once

#include <array>
#include <boost/circular_buffer.hpp>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "cluster/types.h"
#include "tools/fabric/delay_queue.h"
#include "tools/fabric/forwarder.h"

namespace muster::fabric {

/// `Frame` owns one frame's buffer and moves: bytes() reads it, or its beginning where it is longer
/// than a buffer; size() is how long it is; clone() gives one more of the same bytes, and a frame
/// is false where there was no buffer for it. Frames are let go by their destructor. Used by one
/// thread; allocates at construction only.
template <class Frame>
class FabricSwitch {
 public:
  static constexpr std::size_t burst_max = 32;

  explicit FabricSwitch(const SwitchConfig& config)
      : frame_bytes_max_(config.frame_bytes_max),
        forwarder_(config),
        delayed_(config.delayed_frames_max) {
    waiting_.reserve(config.ports);
    for (std::size_t port = 0; port < config.ports; ++port)
      waiting_.emplace_back(config.waiting_frames_max);
  }

  /// `frame` came in at `from`: its copies wait at their ports, or are under way to them.
  void receive(PortIndex from, Frame frame, TimeNs now) {
    if (frame.size() > frame_bytes_max_) {
      forwarder_.counters()[from].drop(Drop::too_long);
      return;
    }
    const auto info = inspect(frame.bytes());
    if (!info) {
      forwarder_.counters()[from].drop(Drop::malformed);
      return;
    }
    const auto departures = forwarder_.forward(*info, from, now);
    if (departures.empty()) return;
    for (const Departure& departure : departures.first(departures.size() - 1))
      depart(departure, {frame.clone(), *info}, now);
    depart(departures.back(), {std::move(frame), *info}, now);
  }

  /// Moves what has become due to its ports.
  void release_due(TimeNs now) {
    while (delayed_.next_due() <= now) {
      auto [to, outgoing] = delayed_.pop();
      wait(to, std::move(outgoing));
    }
  }
  /// When release_due() has something to do next; never_ns when nothing is under way.
  TimeNs next_due() const { return delayed_.next_due(); }

  bool waiting(PortIndex port) const { return !waiting_[port].empty(); }

  /// Hands frames that wait at `port` to `send`, which takes a std::span<Frame> and returns how
  /// many it took, from the front; the others go on waiting. Returns how many were taken.
  template <class Send>
  std::size_t hand_out(PortIndex port, Send&& send) {
    auto& waiting = waiting_[port];
    const std::size_t count = std::min(waiting.size(), burst_max);
    for (std::size_t i = 0; i < count; ++i) burst_[i] = std::move(waiting[i].frame);
    const std::size_t taken = send(std::span<Frame>(burst_.data(), count));
    for (std::size_t i = 0; i < taken; ++i) forwarder_.counters()[port].out.count(waiting[i].info);
    for (std::size_t i = taken; i < count; ++i) waiting[i].frame = std::move(burst_[i]);
    waiting.erase_begin(taken);
    return taken;
  }
  /// Lets go of all that waits at `port`, where nobody is connected.
  void discard(PortIndex port) {
    for (std::size_t i = 0; i < waiting_[port].size(); ++i)
      forwarder_.counters()[port].drop(Drop::no_link);
    waiting_[port].clear();
  }

  Forwarder& forwarder() { return forwarder_; }

 private:
  struct Outgoing {
    Frame frame;
    FrameInfo info;
  };
  struct UnderWay {
    PortIndex to;
    Outgoing outgoing;
  };

  void depart(const Departure& departure, Outgoing outgoing, TimeNs now) {
    PortCounters& counters = forwarder_.counters()[departure.to];
    if (!outgoing.frame) {
      counters.drop(Drop::no_buffer);
    } else if (departure.when <= now) {
      wait(departure.to, std::move(outgoing));
    } else if (delayed_.full()) {
      counters.drop(Drop::delay_full);
    } else {
      delayed_.push(departure.when, {departure.to, std::move(outgoing)});
    }
  }

  void wait(PortIndex port, Outgoing outgoing) {
    if (waiting_[port].full())
      forwarder_.counters()[port].drop(Drop::port_full);
    else
      waiting_[port].push_back(std::move(outgoing));
  }

  std::size_t frame_bytes_max_;
  Forwarder forwarder_;
  DelayQueue<UnderWay> delayed_;
  std::vector<boost::circular_buffer<Outgoing>> waiting_;
  std::array<Frame, burst_max> burst_{};
};

}  // namespace muster::fabric

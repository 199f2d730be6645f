// Which thread of the application sends on which channels
// (docs/adr/0015-a-lane-for-each-thread.md).
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "node/application.h"
#include "node/clock.h"
#include "node/errors.h"
#include "node/farewell.h"
#include "node/pool_shares.h"

namespace muster {

std::optional<ChannelId> Application::sending_on(ChannelId id) const {
  if (id == own_channel)
    for (id = 0; id < wire::channels && !channels_[id]; ++id) {
    }
  if (id >= wire::channels || !channels_[id]) return std::nullopt;
  return id;
}

/// Of the packets that may be kept each channel has the same share, whoever hears it.
void Application::share_out() {
  const std::size_t assembled = pool_share::assembled(config_.limits.pool_packets);
  assemblies_.all_kept_packets_max = pool_share::of_channels(assembled, channels_);
  kept_packets_max_ = pool_share::of_channels(config_.limits.kept_packets, channels_);
}

void Application::take_back(ChannelSet channels) {
  channels_ |= channels;
  share_out();
}

void Application::give_away(ChannelSet channels) {
  flush();
  for (ChannelId id = 0; id < wire::channels; ++id) {
    if (!channels[id]) continue;
    if (!channels_[id])
      throw StartError(
          fmt::format("channel {} is another client's: attach to one that is free", id));
    for (const auto& [member, peer] : peers_)
      if (peer.channels[id] != nullptr && peer.channels[id]->outgoing &&
          peer.channels[id]->outgoing->pending())
        throw StartError(fmt::format(
            "channel {} has a message under way: attach to one that the node does not use", id));
  }
  channels_ &= ~channels;
  share_out();
  // Whoever sends on it from now on counts on from what the engine has counted.
  for (auto& [member, peer] : peers_)
    for (ChannelId id = 0; id < wire::channels; ++id)
      if (channels[id] && peer.channels[id] != nullptr) peer.channels[id]->outgoing.reset();
}

void Application::end() {
  const TimeNs ends = monotonic_ns() + farewell_ns;
  for (flush(); !gathering_.empty() && monotonic_ns() < ends; flush()) {
    runner_.begin_cycle();
    runner_.end_cycle();
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  for (const auto& [member, peer] : peers_)
    for (ChannelId id = 0; id < wire::channels; ++id)
      if (peer.channels[id] != nullptr && peer.channels[id]->outgoing &&
          peer.channels[id]->outgoing->midway())
        runner_.cut(id);
}

}  // namespace muster

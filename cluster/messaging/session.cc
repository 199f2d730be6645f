#include "cluster/messaging/session.h"

namespace muster {

Session::Session(const MemberKey& peer, const Endpoint& endpoint, const MessagingConfig& config)
    : peer_(peer),
      route_{.endpoint = endpoint,
             .round_trip = {config.retransmit_min_ns, config.retransmit_max_ns},
             .congestion = make_congestion_control(config.congestion)} {}

Session::Session(const Session& earlier, const MessagingConfig& config)
    : Session(earlier.peer_, earlier.route_.endpoint, config) {
  messages_before_ = earlier.messages_before_;
  for (const auto& channel : earlier.channels_)
    if (channel != nullptr) messages_before_[channel->id()] = channel->sending().messages_pushed();
}

Channel& Session::open(const Channel::Shared& shared, ChannelId id) {
  std::unique_ptr<Channel>& channel = channels_[id];
  if (channel == nullptr) {
    channel = std::make_unique<Channel>(shared, *this, id, messages_before_[id]);
    open_ |= static_cast<std::uint16_t>(1U << id);
  }
  return *channel;
}

}  // namespace muster

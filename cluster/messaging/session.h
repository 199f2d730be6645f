// The conversation with one incarnation of one peer: its channels, and the way there.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>

#include "cluster/messaging/channel.h"
#include "cluster/messaging/route.h"
#include "cluster/types.h"
#include "cluster/wire/layout.h"

namespace muster {

class Session {
 public:
  Session(const MemberKey& peer, const Endpoint& endpoint, const MessagingConfig& config);
  /// With the same peer, which has heard nothing yet; only the messages are counted on.
  Session(const Session& earlier, const MessagingConfig& config);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const MemberKey& peer() const { return peer_; }
  Route& route() { return route_; }
  const Route& route() const { return route_; }

  /// nullptr: not in use yet.
  Channel* find(ChannelId id) const { return channels_[id].get(); }
  /// Begins it at its first use. Allocates then.
  Channel& open(const Channel::Shared& shared, ChannelId id);
  /// True once: its way is used from now on.
  bool begin_use() { return !std::exchange(used_, true); }
  /// Calls `f(Channel&)` for each in use.
  template <class F>
  void for_each(F&& f) {
    for (const auto& channel : channels_)
      if (channel != nullptr) f(*channel);
  }
  /// The same, from the one behind whoever had its turn last: what way there is they share.
  template <class F>
  void for_each_in_turn(F&& f) {
    const int first = last_turn_ + 1;
    for (unsigned left = std::rotr(open_, first); left != 0; left &= left - 1)
      f(*channels_[static_cast<std::size_t>(first + std::countr_zero(left)) % channels_.size()]);
  }
  void had_turn(ChannelId id) { last_turn_ = id; }

 private:
  const MemberKey peer_;
  std::array<std::uint64_t, wire::channels> messages_before_{};
  ChannelId last_turn_ = wire::channels - 1;
  Route route_;             // outlives the channels
  std::uint16_t open_ = 0;  ///< a bit for each channel in use
  bool used_ = false;       ///< by a channel, or by others
  static_assert(wire::channels == 16);
  std::array<std::unique_ptr<Channel>, wire::channels> channels_;
};

}  // namespace muster

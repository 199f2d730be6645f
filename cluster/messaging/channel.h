// One channel to and from one incarnation of one peer: a window in each direction.
#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <optional>

#include "cluster/messaging/begun_message.h"
#include "cluster/messaging/receive_window.h"
#include "cluster/messaging/route.h"
#include "cluster/messaging/send_window.h"
#include "cluster/timer_queue.h"
#include "cluster/types.h"

namespace muster {

class Session;

/// Leaves its lists by itself when it is destroyed.
template <class Tag>
using ChannelListHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
struct MaySend;              ///< has packets that may go now
struct OwesAcknowledgement;  ///< received data, and has not said so since
struct OwesDelivery;         ///< the application refused a packet
struct HasNews;              ///< the peer has said what nothing waited for when it came
struct HasMoved;             ///< packets to send have come, were sent, or are done with

class Channel : public ChannelListHook<MaySend>,
                public ChannelListHook<OwesAcknowledgement>,
                public ChannelListHook<OwesDelivery>,
                public ChannelListHook<HasNews>,
                public ChannelListHook<HasMoved>,
                public Timer {
 public:
  /// What all channels of a member have in common.
  struct Shared {
    const MessagingConfig& config;
    Outbox& outbox;
    MessagingStats& stats;
    HoldingLimit& limit;
  };
  /// `messages_before`: earlier ones that count.
  Channel(const Shared& shared, Session& session, ChannelId id, std::uint64_t messages_before);

  ChannelId id() const { return id_; }
  Session& session() const { return session_; }
  SendWindow& sending() { return sending_; }
  const SendWindow& sending() const { return sending_; }
  ReceiveWindow& receiving() { return receiving_; }
  /// Of what was received.
  BegunMessage& begun() { return begun_; }
  const BegunMessage& begun() const { return begun_; }

  /// False: it goes on with a message that did not begin here.
  bool goes_on_with(Packet& packet) const;
  void push(Packet& packet, std::uint32_t messages);
  /// Sends up to `packets_max` of what may go, each with the newest acknowledgement; returns how
  /// many.
  std::uint32_t transmit(TimeNs now, std::uint32_t packets_max);
  /// In a packet of its own; false when none is to be had.
  bool send_acknowledgement();

  /// While it OwesAcknowledgement.
  struct Owed {
    TimeNs since_ns = 0;
    std::uint32_t packets = 0;
  };
  Owed owed;

  /// While it HasNews: what the peer said last, and when it said so first.
  SendWindow::Heard heard;

 private:
  void complete(Packet& packet, Sequence sequence);
  /// False: the packet had no room for all of it.
  bool acknowledge_in(Packet& packet);

  const ChannelId id_;
  Session& session_;
  Outbox& outbox_;
  SendWindow sending_;
  ReceiveWindow receiving_;
  BegunMessage begun_;
  bool midway_ = false;  ///< a message has begun in what was pushed, and has not ended
};

}  // namespace muster

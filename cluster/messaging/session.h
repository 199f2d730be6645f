// The conversation with one incarnation of one peer: a window in each direction.
#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>

#include "cluster/messaging/receive_window.h"
#include "cluster/messaging/send_window.h"
#include "cluster/types.h"

namespace muster {

/// Leaves its lists by itself when it is destroyed.
template <class Tag>
using SessionListHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
struct OwesAcknowledgement;  ///< received data, and has not sent any since
struct OwesDelivery;         ///< the application refused a message
using SessionTimerHook =
    boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Session : public SessionListHook<OwesAcknowledgement>,
                public SessionListHook<OwesDelivery>,
                public SessionTimerHook {
 public:
  Session(const MemberKey& peer, const Endpoint& endpoint, const MessagingConfig& config,
          Outbox& outbox, MessagingStats& stats)
      : peer_(peer),
        endpoint_(endpoint),
        outbox_(outbox),
        send_window_(config, outbox, stats),
        receive_window_(config.window_packets, outbox.port()) {}

  const MemberKey& peer() const { return peer_; }
  SendWindow& send_window() { return send_window_; }
  const SendWindow& send_window() const { return send_window_; }
  ReceiveWindow& receive_window() { return receive_window_; }

  /// Completes a packet whose one message stands in it, and sends it. Requires an open window;
  /// consumes the caller's reference.
  void send(TimeNs now, Packet& packet);
  /// In a packet of its own; false when none is to be had.
  bool send_acknowledgement();

  /// The session's place among the timers: never later than the window's deadline, and only
  /// moved when it has passed, so that an acknowledgement need not move it.
  TimeNs timer_ns = never_ns;

 private:
  wire::Session head() const;

  const MemberKey peer_;
  const Endpoint endpoint_;
  Outbox& outbox_;
  SendWindow send_window_;
  ReceiveWindow receive_window_;
};

}  // namespace muster

// A subscriber's side of one topic of one publisher.
#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <optional>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/messaging/begun_message.h"
#include "cluster/messaging/receive_window.h"
#include "cluster/outbox.h"
#include "cluster/publishing/stats.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/random.h"
#include "cluster/timer_queue.h"
#include "cluster/wire/parse.h"

namespace muster {

template <class Tag>
using StreamListHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
struct OwesReport;   ///< has something to say to the publisher
struct OwesPackets;  ///< the application refused a packet

/// Allocates in begin() only.
class Stream : public Timer, public StreamListHook<OwesReport>, public StreamListHook<OwesPackets> {
 public:
  /// What all streams of a member have in common.
  struct Shared {
    const MessagingConfig& config;
    Outbox& outbox;
    Events& events;
    PublishingStats& stats;
    HoldingLimit& limit;
    Random& random;
  };
  /// `topic`, its name, outlives it.
  Stream(const Shared& shared, const StreamKey& key, const Endpoint& publisher, TopicKind kind,
         SubscriptionNumber subscription, std::string_view topic);

  const StreamKey& key() const { return key_; }
  TopicKind kind() const { return kind_; }
  SubscriptionNumber subscription() const { return subscription_; }
  std::string_view topic() const { return topic_; }
  /// It has begun, and has not ended by being dropped.
  bool runs() const { return window_.has_value() || newest_ != 0; }
  /// Of the message that has begun and not ended, as far as the application has accepted it.
  std::size_t begun_bytes() const { return begun_.bytes(); }

  /// Where the stream begins, goes on or breaks off (docs/protocol.md §9.4).
  void on_position(const wire::Position& position);
  /// False: there is nothing to be done for it, as it has not begun or has ended.
  bool on_publication(TimeNs now, const wire::PublicationView& view, Packet& packet);
  /// Offers what waits; false: the application has no room.
  bool deliver();
  void tell(StreamChange change, Sequence first = 0, Sequence packets = 0);

  /// It is to be sent at the end of the burst.
  bool owes_report() const { return owes_report_; }
  /// False: there was no packet to write.
  bool send_report();
  /// Of a report that waits for more to report; never_ns: none does.
  TimeNs deadline() const { return report_due_ns_; }
  void on_deadline() { owes_report_ = true; }

 private:
  void begin(Sequence first);
  void count_for_report(TimeNs now, const wire::Publication& head);
  bool on_unreliable(const wire::PublicationView& view, Packet& packet);
  bool offer(Packet& packet, std::uint32_t opens_bytes);

  const Shared& shared_;
  const StreamKey key_;
  const Endpoint publisher_;
  const TopicKind kind_;
  const SubscriptionNumber subscription_;
  const std::string_view topic_;
  std::uint64_t turn_ = 0;  ///< of the newest position
  std::optional<ReceiveWindow> window_;
  bool dropped_ = false;
  bool owes_report_ = false;
  std::uint32_t packets_to_report_ = 0;
  TimeNs report_due_ns_ = never_ns;
  Sequence newest_ = 0;  ///< unreliable: the last that was given to the application
  BegunMessage begun_;
  bool broken_ = true;  ///< unreliable: until a message begins
};

}  // namespace muster

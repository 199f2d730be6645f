// Runs the protocol for the application: in the application's own thread, or in threads of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cluster/messaging/send.h"
#include "cluster/publishing/topic_config.h"
#include "node/command.h"
#include "node/credit.h"
#include "node/outgoing.h"
#include "node/word.h"

namespace muster {

/// The application's thread makes all calls. As a PacketPort it allocates, retains and releases,
/// and transmits nothing.
class Runner : public PacketPort {
 public:
  /// The application hears between these two; each returns the work it did.
  virtual std::size_t begin_cycle() = 0;
  virtual std::size_t end_cycle() = 0;
  /// When the application must poll again.
  virtual TimeNs next_deadline() const = 0;
  /// As the cycle has read it, where it has.
  virtual TimeNs now() const = 0;

  /// The next word, which the caller then owns; false: nothing more.
  virtual bool next(Word& word) = 0;
  /// The application has heard all of a packet that next() gave, and of messages that began in one,
  /// so many bytes in all: there is room for others.
  virtual void heard_packet() = 0;
  virtual void heard_opened(std::size_t bytes) = 0;

  virtual std::uint32_t payload_bytes_max() const = 0;
  /// A packet that allocate() or allocate_for() gave, and that was not submitted. What the
  /// application has of them is limited: each it submits or gives back.
  virtual void give_back(Packet& packet) = 0;
  /// nullptr, and why there is none now.
  struct Allocation {
    Packet* packet = nullptr;
    SendResult lacking = SendResult::would_block;
  };
  /// A packet for messages, `goes_on` in the middle of one (Messaging::may_send()). `credit` is the
  /// channel's, as its peer's Joined told, or the topic's; null when inline.
  virtual Allocation allocate_for(const Destination& to, bool goes_on, PacketCredit* credit) = 0;
  /// A packet of messages. Its reference passes over if the result is `sent`.
  virtual SendResult submit(Packet& packet, const Outgoing& outgoing, PacketCredit* credit) = 0;
  /// Smoothed; never_ns before the first measurement. `credit` is that peer's.
  virtual DurationNs round_trip_ns(MemberId peer, const Credit* credit) const = 0;
  /// False: the queue is full.
  virtual bool execute(Command command) = 0;

  // Topics. These wait for the engine, a tenth of a millisecond or two as a rule.
  virtual Announcement announce(const TopicConfig& topic) = 0;
  virtual void withdraw_topic(TopicNumber topic) = 0;
  virtual Subscribed subscribe(std::string_view topic, From from) = 0;
  virtual void unsubscribe(SubscriptionNumber subscription) = 0;
  /// By how many packets the slowest subscriber lags, as far as is known. `credit` is the topic's.
  virtual std::size_t lag_packets(TopicNumber topic, const TopicCredit* credit) const = 0;

  /// Opens what the application can sleep on. Throws StartError where there is no such thing.
  virtual int event_fd() = 0;
  /// The application is about to sleep on event_fd(), until then or until there is something to
  /// hear, or also, `for_room`, until what was exhausted at its last cycle may be so no more.
  /// False: it is so already. Requires event_fd().
  virtual bool arm(TimeNs until, bool for_room) = 0;
  /// It has woken.
  virtual void disarm() = 0;

  /// The application is at its end, in the middle of a message on this channel.
  virtual void cut(ChannelId) {}

 private:
  void transmit(Packet& packet) final { release(packet); }
};

}  // namespace muster

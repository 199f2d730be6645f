// What the application shall hear. The protocol calls these from within its own verbs, on the
// thread that drives it; a callee may not call back into the protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "cluster/attributes.h"
#include "cluster/packet.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/types.h"
#include "cluster/wire/layout.h"

namespace muster {

/// Chosen by the caller, unique among its calls in flight.
using CallId = std::uint64_t;
using wire::CallStatus;

/// Views are valid during the callback only.
struct MemberInfo {
  MemberKey key;
  std::string_view name;
  Endpoint endpoint;
};

/// One name bound by one member. Views are valid during the callback only.
struct Binding {
  MemberKey owner;
  std::string_view path;
  std::span<const std::byte> value;
  Version version = 0;  ///< the owner's version that bound it
  Attributes attributes = {};
};

enum class RemovalReason : std::uint8_t {
  left,      ///< it said so
  died,      ///< silent, and nobody could reach it
  replaced,  ///< a higher incarnation of it has come
};

enum class Standing : std::uint8_t {
  idle,      ///< before start()
  joining,   ///< announcing itself; not a member yet
  member,    ///< alive to itself
  refused,   ///< another live member has this name or this address, or the cluster is full; final
  replaced,  ///< a newer incarnation of this name has taken over; final
  left,      ///< it left; final
};
/// It never changes again: who wants to go on makes a new node.
constexpr bool is_final(Standing standing) { return standing > Standing::member; }

/// Why a member is refused or replaced.
struct Refusal {
  enum class Why : std::uint8_t { name_in_use, address_in_use, cluster_full };
  Why why = Why::name_in_use;
  Endpoint by;  ///< where the other is, or the one that takes in no more
};

enum class CallOutcome : std::uint8_t {
  ok,
  no_such_service,  ///< the callee does not offer it (any more)
  failed,           ///< the callee's handler said so
  refused,          ///< the callee would not carry it out, and has not: another one that was asked
                    ///< before, and removed, may have
  deadline,         ///< no answer in time; it may have been carried out
  member_removed,   ///< the callee was removed; it may have been carried out
  closed,           ///< this member is none any more; it may have been carried out
};

/// A packet of messages for the application.
struct Delivery {
  MemberKey from;
  ChannelId channel = 0;
  Packet& packet;
  /// Of the message that begins in it and goes on in others; 0: none does. Whoever takes it says
  /// that there will be room for all of it.
  std::uint32_t opens_bytes = 0;
};

/// Messages that a peer's application has not acknowledged, and now never will.
struct Undelivered {
  MemberKey to;
  ChannelId channel = 0;
  /// The first of them is the n-th message that this channel has carried to `to` since it joined,
  /// from 1 on.
  std::uint64_t first = 0;
  std::uint64_t messages = 0;
};

/// A topic that a member publishes.
struct StreamKey {
  MemberKey publisher;
  TopicNumber topic = 0;  ///< its number there
  friend bool operator==(const StreamKey&, const StreamKey&) = default;
};

/// A packet of messages of a topic; see Delivery.
struct StreamDelivery {
  StreamKey stream;
  SubscriptionNumber subscription = 0;
  Packet& packet;
  std::uint32_t opens_bytes = 0;
};

enum class StreamChange : std::uint8_t {
  began,    ///< packets from `first` on follow
  gap,      ///< `packets` from `first` on do not come: what had begun of a message is nothing
  dropped,  ///< too slow: nothing comes from `first` on, until it is subscribed to anew
  ended,    ///< its publisher has withdrawn it or was removed, or this member has begun anew
  refused,  ///< as many are followed as may be (streams_max): it begins once another has ended
};
/// What happens to a stream that this member follows. After a gap, after `dropped` and after
/// `ended` the message of which only a part has come is to be discarded. One that was dropped
/// counts among those that are followed until it ends or is subscribed to anew.
struct StreamEvent {
  StreamKey stream;
  SubscriptionNumber subscription = 0;
  std::string_view topic;  ///< valid during the callback only
  StreamChange change{};
  std::uint64_t first = 0;
  std::uint64_t packets = 0;
};

enum class SubscriberChange : std::uint8_t {
  joined,   ///< each message that begins from now on is for it
  left,     ///< it unsubscribed or was removed, or this member has begun anew or withdraws
  dropped,  ///< it lagged too far: it gets nothing until it joins again
  refused,  ///< it follows as many topics as it may: it gets nothing until it joins again
};
/// What happens to a subscriber of a topic that this member publishes.
struct SubscriberEvent {
  TopicNumber topic = 0;
  MemberKey subscriber;
  SubscriberChange change{};
};

/// Whether the longest packets arrive at a member that this one sends to.
struct PathEvent {
  MemberKey peer;
  std::uint32_t bytes = 0;  ///< of such a packet, with its IP header: the mtu
  bool carries = false;     ///< false: they do not; true: after that, they do
};

/// What is heard of names.
class DirectoryEvents {
 public:
  virtual ~DirectoryEvents() = default;

  /// All of the member's bindings were withdrawn (and heard) before this.
  virtual void on_removed(const MemberInfo& member, RemovalReason reason) = 0;
  virtual void on_bound(const Binding& binding) = 0;
  virtual void on_withdrawn(const Binding& binding) = 0;
  /// What one owner binds and withdraws between these two becomes visible together. Events of
  /// others may stand in between; a removed owner's batch ends before on_removed().
  virtual void on_batch_begin(const MemberKey& owner) = 0;
  virtual void on_batch_end(const MemberKey& owner) = 0;
  /// False while the application lags behind what it was told: no more is fetched until it has
  /// caught up.
  virtual bool ready() const { return true; }
  /// Holds every live member's tree at least at the version advertised when first heard of.
  virtual void on_synchronized() = 0;
};

class Events : public DirectoryEvents {
 public:
  /// After the end of all streams and sessions, if that ends them.
  virtual void on_standing(Standing standing) = 0;
  virtual void on_joined(const MemberInfo& member) = 0;
  virtual void on_suspected(const MemberInfo& member) = 0;
  /// A suspicion turned out wrong: the member is alive.
  virtual void on_refuted(const MemberInfo& member) = 0;

  /// A packet of messages (wire::messages_in), in order for each channel: false means "no room
  /// now": the channel keeps it, gives the sender no more credit, and offers it again at the next
  /// transmit(). The packet may be kept with PacketPort::retain(), and is not touched again here
  /// once it was accepted.
  virtual bool on_messages(const Delivery& delivery) = 0;
  /// A session died with messages that its peer had not acknowledged.
  virtual void on_undelivered(const Undelivered& undelivered) = 0;

  /// A packet of messages of a topic, in order for each stream: false means "no room now", as in
  /// on_messages(); what is unreliable is lost then.
  virtual bool on_publication(const StreamDelivery&) { return true; }
  virtual void on_stream(const StreamEvent&) {}
  virtual void on_subscriber(const SubscriberEvent&) {}
  /// Once for each change, and nothing of a path that carries from the beginning.
  virtual void on_path(const PathEvent&) {}
};

}  // namespace muster

// What the engine tells the application besides messages: seldom, so on the heap.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cluster/events.h"
#include "cluster/packet.h"
#include "cluster/types.h"
#include "node/channel_set.h"
#include "node/credit.h"

namespace muster {

struct SelfChanged {
  MemberKey self;
};
struct StandingChanged {
  Standing standing;
  Refusal refusal;  ///< of Standing::refused and replaced
};
struct Joined {
  MemberKey key;
  std::string name;
  Endpoint endpoint;
  std::shared_ptr<Credit> credit;  ///< null when inline
};
struct Suspected {
  MemberKey key;
};
struct Refuted {
  MemberKey key;
};
struct Removed {
  MemberKey key;
  RemovalReason reason;
};
/// One of Change::Kind.
struct BindingChanged {
  bool bound;
  MemberKey owner;
  std::string path;
  std::vector<std::byte> value;
  Version version;
  AttributeSet attributes;

  Binding binding() const { return {owner, path, value, version, attributes.view()}; }
};
/// What of this owner's follows becomes visible at the end of the batch.
struct BatchBegan {
  MemberKey owner;
};
struct BatchEnded {
  MemberKey owner;
};
struct Synchronized {};
/// See StreamEvent; its topic is known by the subscription.
struct StreamChanged {
  StreamKey stream;
  SubscriptionNumber subscription = 0;
  StreamChange change{};
  std::uint64_t first = 0;
  std::uint64_t packets = 0;
};
/// All that this thread has announced and subscribed to, up to these numbers.
struct TopicsEnded {
  TopicNumber topic = 0;
  SubscriptionNumber subscription = 0;
};
struct PortChanged {
  Link fault = Link::up;
};
struct Overrun {};
/// Another thread of the application has given them up.
struct ChannelsReturned {
  ChannelSet channels;
};

using Event =
    std::variant<SelfChanged, StandingChanged, Joined, Suspected, Refuted, Removed, BindingChanged,
                 BatchBegan, BatchEnded, Synchronized, Undelivered, PortChanged, Overrun,
                 ChannelsReturned, StreamChanged, SubscriberEvent, TopicsEnded, PathEvent>;

}  // namespace muster

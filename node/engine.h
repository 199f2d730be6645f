// The protocol's side of a node: drives the member, and tells the application's threads what they
// shall hear, each in one order.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/events.h"
#include "cluster/member.h"
#include "node/channel_set.h"
#include "node/command.h"
#include "node/config.h"
#include "node/listener.h"
#include "node/outgoing.h"
#include "node/send_credits.h"
#include "node/stats.h"
#include "node/topic_queues.h"
#include "node/tree_walk.h"

namespace muster {

/// One thread drives it. It calls nothing of the application's, so the application's callbacks run
/// outside of the protocol and may use the node.
class Engine final : private Events {
 public:
  /// The application gives what it sends from another thread.
  enum class Credits : bool { without, with };

  /// `own` hears everything on all channels that no other listener has; it outlives the engine.
  Engine(const NodeConfig& config, const MemberConfig& member, PacketPort& port, Listener& own,
         Credits credits);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void start(TimeNs now) { member_.start(now); }
  /// From now on this one hears what comes on these channels, and who the members are: those first
  /// that there are. With `directory` also what they bind: what there is, in steps.
  void add(Listener& listener, ChannelSet channels, bool directory);
  /// Its channels fall back to the first listener, which is told so; of them `cut` for receiving
  /// only.
  void remove(Listener& listener, ChannelSet cut);

  /// See Member::was_away().
  void was_away(DurationNs away_ns) { member_.was_away(away_ns); }
  /// Received packets; consumes the references.
  void receive(TimeNs now, std::span<Packet* const> burst);
  /// A packet that holds an Outgoing (Credits::with). Consumes the reference.
  void submit(Packet& packet);

  // Topics. What becomes of one is told to whoever has announced it, or subscribed to it.
  Announcement announce(Listener& by, const TopicConfig& topic);
  void withdraw_topic(TopicNumber topic);
  Subscribed subscribe(Listener& by, std::string_view topic, From from);
  void unsubscribe(SubscriptionNumber subscription);
  /// (Credits::without.) The packet's reference passes over if the result is `sent`.
  SendResult publish(TopicNumber topic, Packet& packet, std::uint32_t messages) {
    return topics_.publish(topic, packet, messages);
  }
  std::size_t lag_packets(TopicNumber topic) const { return topics_.lag_packets(topic); }

  void execute(TimeNs now, const Command& command);
  enum class Deadlines : bool { keep, postpone };
  /// At the end of each cycle: what is due, unless that is to wait, what is to be sent, what the
  /// application had no room for. Returns the work done.
  std::size_t finish(TimeNs now, Deadlines deadlines = Deadlines::keep);
  /// As PortWatch says; told when it changes.
  void port_has(Link fault) {
    if (std::exchange(port_fault_, fault) != fault) tell_all(PortChanged{fault});
  }
  /// The last finish() has let the application give more to send.
  bool gave_credit() const { return gave_credit_; }

  TimeNs next_deadline() const { return member_.next_deadline(); }
  Member& member() { return member_; }
  const Member& member() const { return member_; }
  void fill(NodeStats& stats) const;

 private:
  /// A listener besides the first.
  struct Other {
    Listener* listener;
    ChannelSet channels;
    bool directory;
    TreeWalk walk;  ///< through what was bound before it came
    bool topics_ended = false;
  };

  /// Of a message that had begun when its channel went to another listener: what comes of it is for
  /// the one that hears it already, or for nobody where that is gone.
  struct Rest {
    Recipient from;
    Listener* listener;
  };

  void on_standing(Standing standing) override;
  void on_joined(const MemberInfo& member) override;
  void on_suspected(const MemberInfo& member) override { tell_all(Suspected{member.key}); }
  void on_refuted(const MemberInfo& member) override { tell_all(Refuted{member.key}); }
  void on_removed(const MemberInfo& member, RemovalReason reason) override;
  void on_bound(const Binding& binding) override;
  void on_withdrawn(const Binding& binding) override;
  void on_batch_begin(const MemberKey& owner) override { tell_readers(BatchBegan{owner}); }
  void on_batch_end(const MemberKey& owner) override { tell_readers(BatchEnded{owner}); }
  bool ready() const override { return own_.ready(); }
  void on_synchronized() override;
  bool on_messages(const Delivery& delivery) override;
  void on_undelivered(const Undelivered& undelivered) override;
  bool on_publication(const StreamDelivery& delivery) override;
  void on_stream(const StreamEvent& event) override;
  void on_subscriber(const SubscriberEvent& event) override;
  void on_path(const PathEvent& event) override { tell_all(event); }

  /// Who is to hear it; nullptr: nobody any more.
  Listener* listener_of(const Delivery& delivery);
  /// These channels are about to go to another, from who hears what has begun on them, or is gone.
  void keep_rests(ChannelSet channels, bool gone);
  bool is_rest(const Recipient& from) const {
    return std::ranges::find(rests_, from, &Rest::from) != rests_.end();
  }
  /// Who has announced or subscribed what has that number, or is about to.
  template <class Number>
  Listener& owner_of(const std::map<Number, Listener*>& owners, Number number) const {
    const auto found = owners.find(number);
    return found == owners.end() ? *newcomer_ : *found->second;
  }
  /// In messages from this member that the listener has begun to hear, on its channels and of what
  /// it follows.
  std::size_t begun_bytes(const MemberKey& from, const Listener& listener) const;
  template <class Delivery>
  bool deliver(Listener& listener, const Delivery& delivery);
  void withdraw_all(TimeNs now);
  void end_topics_of(const Listener& listener);
  void tell_self();
  void tell_all(Event event);
  /// Those that keep a copy of the directory.
  void tell_readers(Event event);
  void introduce(Listener& listener);
  std::size_t go_on_walking();
  void share_out();

  PacketPort& port_;
  const std::size_t unheard_packets_max_;
  Listener& own_;
  std::vector<Other> others_;
  std::array<Listener*, wire::channels> of_channel_;
  std::vector<Rest> rests_;     ///< most of the time none
  Packet* received_ = nullptr;  ///< what the member reads now, if the reference is still ours
  Member member_;
  MemberKey self_{};  ///< as the application knows it
  std::optional<SendCredits> credits_;
  TopicQueues topics_;
  std::map<TopicNumber, Listener*> publishers_;
  std::map<SubscriptionNumber, Listener*> subscribers_;
  Listener* newcomer_ = nullptr;  ///< announces or subscribes now: its number is not known yet
  bool gave_credit_ = false;
  Link port_fault_ = Link::up;
};

}  // namespace muster

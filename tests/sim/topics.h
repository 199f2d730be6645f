// The topics of one application: what it publishes, as far as it may, and what it follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cluster/member.h"
#include "cluster/messaging/assembly.h"
#include "cluster/messaging/message_writer.h"
#include "sim/dice.h"
#include "sim/sim_port.h"
#include "tests/sim/broadcasts.h"
#include "tests/sim/ledger.h"
#include "tests/sim/scenario.h"
#include "tests/sim/trace.h"

namespace muster::sim {

class Topics {
 public:
  /// Beyond this much that waits for a topic, the application holds its tongue.
  static constexpr std::size_t waiting_messages_max = 4;
  static constexpr std::size_t message_bytes_max = 30'000;

  struct Shared {
    const Scenario& scenario;
    const Roster& roster;
    Broadcasts& broadcasts;
    Trace& trace;
    Verdict& verdict;
  };
  Topics(const Shared& shared, std::size_t self, Incarnation born, std::uint64_t seed)
      : shared_(shared), self_(self), born_(born), dice_(seed) {}
  /// Before the first event.
  void attach(Member& member, SimPort& port);

  /// Announces, withdraws, subscribes, unsubscribes or publishes.
  void act(Life& life);
  /// The member has withdrawn everything.
  void withdrawn_all();
  /// The member speaks as another incarnation: its streams begin anew.
  void reincarnated();
  /// The member has removed another: what it followed of that has ended.
  void removed(const MemberInfo& member);
  /// Publishes as much as may be now.
  void flush();
  /// The process ends.
  void clear();
  void calm_down() { calm_ = true; }

  /// It has something to do at its next chance.
  bool eager() const;
  /// Packets of its streams in the member's hands.
  std::size_t packets_kept() const;
  /// Those, and at most so many in its own.
  std::size_t packets_max() const;

  bool on_publication(const StreamDelivery& publication);
  void on_stream(const StreamEvent& event);
  void on_subscriber(const SubscriberEvent& event);

  /// What another application, which follows what this one publishes, lacks.
  std::optional<std::string> missing_at(const Topics& other) const;

 private:
  using StreamId = std::tuple<SubscriptionNumber, MemberId, TopicNumber>;
  struct Own {
    TopicConfig config;
    std::deque<std::vector<std::byte>> waiting;
    std::optional<MessageWriter> writer;  ///< of the first that waits
    Packet* packet = nullptr;
  };

  Party self() const { return {self_, member_->self().incarnation}; }
  Broadcasts::Source source(TopicNumber topic) const { return {self(), topic}; }
  Broadcasts::Source source(const StreamKey& key) const;
  Broadcasts::Follower follower(SubscriptionNumber subscription) const {
    return {self_, born_, subscription};
  }
  void announce(const TopicConfig& config, Life& life);
  void withdraw(TopicNumber topic, Life& life);
  void subscribe(const std::string& name, Life& life);
  void unsubscribe(SubscriptionNumber subscription, Life& life);
  void say(Own& own);
  bool publish_packet(TopicNumber topic, Own& own);
  void discard(Own& own);
  bool tree_is_full(TopicResult result) const;
  bool is_busy();
  bool is_wrong_to_refuse(SubscriptionNumber subscription, const StreamKey& stream) const;

  Shared shared_;
  std::size_t self_;
  Incarnation born_;
  Dice dice_;
  Member* member_ = nullptr;
  SimPort* port_ = nullptr;
  bool calm_ = false;
  TimeNs busy_until_ = 0;
  std::map<TopicNumber, Own> own_;
  std::map<SubscriptionNumber, std::string> subscriptions_;
  std::optional<Assembly::Shared> pieces_;
  std::map<StreamId, Assembly> assemblies_;
};

}  // namespace muster::sim

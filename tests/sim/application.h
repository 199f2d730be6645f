// The application on top of one member: it hears everything, is sometimes busy, as a whole or for
// one channel, keeps packets for a while, calls, and answers requests.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "cluster/events.h"
#include "cluster/member.h"
#include "cluster/messaging/call_table.h"
#include "sim/sim_port.h"
#include "tests/sim/conversations.h"
#include "tests/sim/incoming.h"
#include "tests/sim/outgoing.h"
#include "tests/sim/scenario.h"
#include "tests/sim/topics.h"
#include "tests/sim/trace.h"
#include "tests/sim/watcher.h"

namespace muster::sim {

class Application final : public Events {
 public:
  /// What all applications of a world share.
  struct Shared {
    const Scenario& scenario;
    const Roster& roster;
    Conversations& conversations;
    Broadcasts& broadcasts;
    Trace& trace;
    Verdict& verdict;
  };
  Application(const Shared& shared, std::size_t self, Incarnation incarnation, Watcher& watcher,
              std::uint64_t seed);

  /// Before the first event.
  void attach(Member& member, SimPort& port);
  /// It has time: says what it has to say and gives kept packets back.
  void work(TimeNs now);
  /// Of its calls. never_ns: none is in flight.
  TimeNs next_deadline() const { return calls_.next_deadline(); }
  void meet_deadlines(TimeNs local_now);
  /// From now on it accepts whatever comes, and keeps nothing.
  void calm_down() {
    calm_ = true;
    topics_.calm_down();
  }
  /// The process ends.
  void release_all();
  /// The member has become this, at the end of the step in which it did: all conversations begin
  /// anew, and what was not whole yet, in either direction, is nothing.
  void reincarnated(Incarnation incarnation);

  bool busy() const { return !calm_ && shared_.verdict.now() < busy_until_; }
  /// It has something to do at its next chance.
  bool eager() const {
    return busy() || refuses_a_channel() || !outgoing_.empty() || !kept_.empty() || topics_.eager();
  }
  /// Packets in its hands, at most.
  std::size_t packets_max() const {
    return kept_.size() + outgoing_.packets() + incoming_->packets_max() + topics_.packets_max();
  }

  Topics& topics() { return topics_; }
  const Topics& topics() const { return topics_; }

  /// To be sent at its next chance. False: too much waits already.
  bool say(const Recipient& to, std::vector<std::byte> payload);
  bool call(const Recipient& to, std::string_view path, std::vector<std::byte> payload,
            TimeNs local_deadline);
  /// Nobody waits for the call made last any more, if somebody does.
  void cancel_last_call();
  std::size_t calls() const { return calls_.size(); }

  void on_standing(Standing standing) override;
  void on_joined(const MemberInfo& member) override;
  void on_suspected(const MemberInfo& member) override;
  void on_refuted(const MemberInfo& member) override;
  void on_removed(const MemberInfo& member, RemovalReason reason) override;
  void on_bound(const Binding& binding) override;
  void on_withdrawn(const Binding& binding) override;
  void on_batch_begin(const MemberKey& owner) override;
  void on_batch_end(const MemberKey& owner) override;
  bool ready() const override { return !busy(); }
  void on_synchronized() override;
  bool on_messages(const Delivery& delivery) override;
  void on_undelivered(const Undelivered& undelivered) override;
  bool on_publication(const StreamDelivery& publication) override;
  void on_stream(const StreamEvent& event) override;
  void on_subscriber(const SubscriberEvent& event) override;
  void on_path(const PathEvent& event) override;

 private:
  struct Waiter {
    std::uint64_t number;  ///< of the call
    TimeNs deadline;       ///< by the process's own clock
    MemberId callee;
  };
  struct Kept {
    Packet* packet;
    TimeNs until;
  };
  Party self() const { return {self_, incarnation_}; }
  Party party(const MemberKey& member) const;
  /// Packets that must be left in the pool: to receive with, and for what is held and put together.
  std::size_t left_min() const;
  bool refuses_a_channel() const;
  bool is_busy_for(ChannelId channel);
  bool takes(const Delivery& delivery);
  void hear(const Delivery& delivery, const wire::MessageView& head,
            std::span<const std::byte> payload);
  void hear_request(const Delivery& delivery, const wire::MessageView& head);
  void hear_response(const Delivery& delivery, const wire::MessageView& head,
                     std::span<const std::byte> payload);
  void ended(CallId call, const Waiter& waiter, CallOutcome outcome);
  void end_calls();

  Shared shared_;
  std::size_t self_;
  Incarnation incarnation_;
  Watcher& watcher_;
  Dice dice_;
  Member* member_ = nullptr;
  SimPort* port_ = nullptr;
  bool calm_ = false;
  TimeNs busy_until_ = 0;
  std::array<TimeNs, wire::channels> channel_busy_until_{};
  std::vector<Kept> kept_;
  Outgoing outgoing_;
  std::optional<Incoming> incoming_;
  Topics topics_;
  CallTable<Waiter> calls_;
  std::map<CallId, std::uint64_t> in_flight_;  // numbers of calls that have not ended
  std::uint64_t calls_made_ = 0;
  CallId last_call_ = 0;
};

}  // namespace muster::sim

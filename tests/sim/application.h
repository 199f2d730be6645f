// The application on top of one member: it hears everything, is sometimes busy, keeps packets for
// a while, and answers requests.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "cluster/events.h"
#include "cluster/member.h"
#include "sim/sim_port.h"
#include "tests/sim/conversations.h"
#include "tests/sim/scenario.h"
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
    Trace& trace;
    Verdict& verdict;
  };
  Application(const Shared& shared, std::size_t self, Incarnation incarnation, Watcher& watcher,
              std::uint64_t seed);

  /// Before the first event.
  void attach(Member& member, SimPort& port) {
    member_ = &member;
    port_ = &port;
  }
  /// It has time: sends the answers that it owes and gives kept packets back.
  void work(TimeNs now, TimeNs local_now);
  /// From now on it accepts whatever comes, and keeps nothing.
  void calm_down() { calm_ = true; }
  /// The process ends.
  void release_all();
  /// The member has become this, at the end of the step in which it did.
  void reincarnated(Incarnation incarnation) {
    incarnation_ = incarnation;
    watcher_.started_anew(*member_);
  }

  bool busy() const { return !calm_ && shared_.verdict.now() < busy_until_; }
  /// It has something to do at its next chance.
  bool eager() const { return busy() || !owed_.empty() || !kept_.empty(); }
  std::size_t kept() const { return kept_.size(); }

  /// A call that member.call() has accepted.
  void called(CallId call) { calls_.insert(call); }
  void cancelled(CallId call) { calls_.erase(call); }
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
  bool on_message(const MemberKey& from, std::span<const std::byte> payload,
                  Packet& packet) override;
  bool on_request(const MemberKey& from, CallId call, std::string_view path,
                  std::span<const std::byte> payload, Packet& packet) override;
  void on_response(CallId call, CallOutcome outcome, std::span<const std::byte> payload,
                   Packet* packet) override;
  void on_undelivered(const MemberKey& to, std::size_t messages) override;

 private:
  struct Owed {
    MemberKey to;
    CallId call;
    CallStatus status;
    TimeNs until;  ///< nobody waits for it after that
  };
  struct Kept {
    Packet* packet;
    TimeNs until;
  };
  Party self() const { return {self_, incarnation_}; }
  Party party(const MemberKey& member) const;
  bool takes(Packet& packet);
  /// False where it must be tried again later.
  bool answer(TimeNs local_now, const Owed& owed);

  Shared shared_;
  std::size_t self_;
  Incarnation incarnation_;
  Watcher& watcher_;
  Dice dice_;
  Member* member_ = nullptr;
  SimPort* port_ = nullptr;
  bool calm_ = false;
  TimeNs busy_until_ = 0;
  std::vector<Owed> owed_;
  std::vector<Kept> kept_;
  std::unordered_set<CallId> calls_;  // in flight
};

}  // namespace muster::sim

// The protocol's side of a node: drives the member, and puts what the application shall hear on
// the ring to it, in one order.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>

#include "cluster/events.h"
#include "cluster/member.h"
#include "node/command.h"
#include "node/config.h"
#include "node/send_queues.h"
#include "node/stats.h"
#include "node/word.h"
#include "ring/spsc_ring.h"

namespace muster {

/// One thread drives it; another may pop from events(). It calls nothing of the application's, so
/// the application's callbacks run outside of the protocol and may use the node.
class Engine final : private Events {
 public:
  /// `queues`: the application gives what it sends to another thread.
  enum class Queues : bool { without, with };

  Engine(const NodeConfig& config, const MemberConfig& member, PacketPort& port, Queues queues);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  using EventRing = ring::SpscRing<Word>;
  /// The application pops from it, and owns what it popped.
  EventRing& events() { return events_; }

  void start(TimeNs now) { member_.start(now); }
  /// Received packets; consumes the references.
  void receive(TimeNs now, std::span<Packet* const> burst);
  /// A packet that holds an Outgoing (Queues::with). Consumes the reference.
  void submit(TimeNs now, Packet& packet);
  void execute(TimeNs now, const Command& command);
  /// At the end of each cycle: what is due, what is to be sent, what the application had no room
  /// for. Returns the work done.
  std::size_t finish(TimeNs now);
  void port_lost() { emit(PortLost{}); }

  TimeNs next_deadline() const { return member_.next_deadline(); }
  Member& member() { return member_; }
  const Member& member() const { return member_; }
  void fill(NodeStats& stats) const;

 private:
  void on_standing(Standing standing) override;
  void on_joined(const MemberInfo& member) override;
  void on_suspected(const MemberInfo& member) override;
  void on_refuted(const MemberInfo& member) override;
  void on_removed(const MemberInfo& member, RemovalReason reason) override;
  void on_bound(const Binding& binding) override;
  void on_withdrawn(const Binding& binding) override;
  void on_batch_begin(const MemberKey& owner) override { emit(BatchBegan{owner}); }
  void on_batch_end(const MemberKey& owner) override { emit(BatchEnded{owner}); }
  /// Far from an overrun.
  bool ready() const override { return backlog_.size() <= backlog_max_ / 8; }
  void on_synchronized() override;
  bool on_message(const MemberKey& from, std::span<const std::byte> payload,
                  Packet& packet) override;
  bool on_request(const MemberKey& from, CallId call, std::string_view path,
                  std::span<const std::byte> payload, Packet& packet) override;
  void on_response(CallId call, CallOutcome outcome, std::span<const std::byte> payload,
                   Packet* packet) override;
  void on_undelivered(const MemberKey& to, std::size_t messages) override;

  void tell_self();
  void emit(Event event);
  void emit_change(bool bound, const Binding& binding);
  /// Cannot be refused, so it waits where the ring is full.
  void queue(Word word);
  /// False: no room.
  bool offer(Word word) { return backlog_.empty() && events_.push(word); }
  bool offer_message(Packet& packet, const std::byte* at);
  std::size_t flush_backlog();
  void overrun();
  /// After an overrun: keeps a report of what is undelivered, and discards everything else.
  void keep_report(Word word);
  void discard(Word word);

  PacketPort& port_;
  const std::size_t backlog_max_;
  EventRing events_;
  std::deque<Word> backlog_;
  bool overrun_ = false;
  Member member_;
  MemberKey self_{};  ///< as the application knows it
  std::optional<SendQueues> queues_;
};

}  // namespace muster

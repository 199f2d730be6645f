// The protocol's side of a node: drives the member, and puts what the application shall hear on
// the ring to it, in one order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "cluster/events.h"
#include "cluster/member.h"
#include "node/command.h"
#include "node/config.h"
#include "node/send_credits.h"
#include "node/stats.h"
#include "node/word.h"
#include "ring/spsc_ring.h"

namespace muster {

/// One thread drives it; another may pop from events(). It calls nothing of the application's, so
/// the application's callbacks run outside of the protocol and may use the node.
class Engine final : private Events {
 public:
  /// The application gives what it sends from another thread.
  enum class Credits : bool { without, with };

  Engine(const NodeConfig& config, const MemberConfig& member, PacketPort& port, Credits credits);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  using EventRing = ring::SpscRing<Word>;
  /// The application pops from it, and owns what it popped.
  EventRing& events() { return events_; }
  /// The application has done with a packet of them; with messages that began in one, so many bytes
  /// in all. For its thread.
  void heard_packet() { increase(heard_packets_, 1); }
  void heard_opened(std::size_t bytes) { increase(heard_bytes_, bytes); }

  /// How much was ever put on events(), for the thread that drives it.
  std::uint64_t told_words() const { return told_words_; }
  /// The last finish() has let the application give more to send.
  bool gave_credit() const { return gave_credit_; }

  void start(TimeNs now) { member_.start(now); }
  /// Received packets; consumes the references.
  void receive(TimeNs now, std::span<Packet* const> burst);
  /// A packet that holds an Outgoing (Credits::with). Consumes the reference.
  void submit(Packet& packet);
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
  bool on_messages(const Delivery& delivery) override;
  void on_undelivered(const Undelivered& undelivered) override { emit(undelivered); }

  void tell_self();
  void emit(Event event);
  void emit_change(bool bound, const Binding& binding);
  /// Cannot be refused, so it waits where the ring is full.
  void queue(Word word);
  /// False: no room.
  bool offer(Word word) { return backlog_.empty() && push(word); }
  bool push(Word word) {
    if (!events_.push(word)) return false;
    ++told_words_;
    return true;
  }
  std::size_t flush_backlog();
  void overrun();
  /// After an overrun: keeps a report of what is undelivered, and discards everything else.
  void keep_report(Word word);
  void discard(Word word);

  static void increase(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_release);
  }

  PacketPort& port_;
  const std::size_t backlog_max_;
  const std::size_t unheard_packets_max_;
  const std::size_t long_message_bytes_max_;
  EventRing events_;
  std::deque<Word> backlog_;
  Packet* received_ = nullptr;  ///< what the member reads now, if the reference is still ours
  bool overrun_ = false;
  Member member_;
  MemberKey self_{};  ///< as the application knows it
  std::optional<SendCredits> credits_;
  std::uint64_t told_words_ = 0;
  bool gave_credit_ = false;
  std::uint64_t told_packets_ = 0;  ///< given to the application
  std::uint64_t opened_bytes_ = 0;  ///< of messages that began in them
  alignas(ring::line_stride_bytes) std::atomic<std::uint64_t> heard_packets_{0};
  std::atomic<std::uint64_t> heard_bytes_{0};
};

}  // namespace muster

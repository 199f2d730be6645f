// The application's side of a node: hears what the engine tells, keeps what lookups need, and gives
// the engine what is to be sent.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/directory/index.h"
#include "cluster/random.h"
#include "cluster/wire/parse.h"
#include "node/calls_in_flight.h"
#include "node/config.h"
#include "node/huge_pages.h"
#include "node/node.h"
#include "node/own_bindings.h"
#include "node/pending_batch.h"
#include "node/runner.h"
#include "node/watches.h"

namespace muster {

/// The same in both ways of running: only the runner differs. See Node for what its functions mean.
class Application {
 public:
  Application(const NodeConfig& config, Handler& handler, Runner& runner);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  std::size_t poll();
  void leave();

  AdvertiseResult advertise(std::string_view path, std::span<const std::byte> value,
                            Attributes attributes);
  AdvertiseResult advertise(const Batch& batch);
  AdvertiseResult withdraw(std::string_view path);
  AdvertiseResult withdraw_all();
  AdvertiseResult serve(std::string_view path, std::span<const std::byte> value,
                        ServiceHandler handler, Attributes attributes);

  const Index& index() const { return index_; }
  std::optional<MemberKey> pick(std::string_view path, const Pick& how);
  WatchId watch(std::string_view prefix, WatchCallback callback);
  void unwatch(WatchId id) { watches_.remove(id); }
  std::vector<MemberView> members() const;
  const MemberView* member(MemberId id) const;

  SendResult send(MemberId to, std::span<const std::byte> payload);
  Buffer claim(std::size_t bytes);
  SendResult commit(Buffer& buffer, MemberId to);
  void give_back(Packet& packet) { runner_.release(packet); }
  std::size_t message_bytes_max() const { return runner_.payload_bytes_max() - message_offset; }

  CallStart call(std::string_view path, std::span<const std::byte> payload, DurationNs deadline_ns,
                 CallCallback callback, const Pick& how);
  CallStart call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                 DurationNs deadline_ns, CallCallback callback);
  void cancel(CallId id);
  SendResult answer(const MemberKey& to, CallId call, CallStatus status,
                    std::span<const std::byte> payload);
  /// Answers without a payload, later if it must be.
  void answer_some_time(const MemberKey& to, CallId call, CallStatus status);

  Standing standing() const { return standing_; }
  bool synchronized() const { return synchronized_; }
  MemberKey self() const { return self_; }
  /// Why this node can never be a member, or is none for as long as the port is lost.
  const std::string& failure() const { return failure_; }
  TimeNs next_deadline() const { return runner_.next_deadline(); }
  NodeStats stats();

 private:
  struct Peer {
    MemberView view;
    std::shared_ptr<Credit> credit;

    MemberInfo info() const { return {view.key, view.name, view.endpoint}; }
  };
  struct Answer {
    MemberKey to;
    CallId call;
    CallStatus status;
  };

  void hear(Word word);
  void hear_message(Packet& packet, const std::byte* at);
  void hear_request(const MemberKey& from, const wire::MessageView& request);
  void hear(const SelfChanged& event) { self_ = event.self; }
  std::string why_refused(const Refusal& refusal) const;
  void hear(const StandingChanged& event);
  void hear(const Joined& event);
  void hear(const Suspected& event);
  void hear(const Refuted& event);
  void hear(const Removed& event);
  void hear(BindingChanged& event);
  void hear(const BatchBegan& event) { batches_[event.owner.id]; }
  void hear(const BatchEnded& event);
  void hear(const Synchronized& event);
  void hear(const CallEnded& event);
  void hear(const Undelivered& event);
  void hear(const PortLost& event);
  void hear(const Overrun& event);

  void show(std::span<const BindingChanged> changes);
  void retry();
  bool closed() const { return leaving_ || standing_ != Standing::member; }
  bool over() const;
  Peer* find(MemberId id);
  DurationNs round_trip_ns(const Peer& peer) const;
  void report_undelivered(const MemberKey& to, std::size_t messages);
  SendResult send_copy(Peer& peer, Outgoing outgoing, std::string_view path,
                       std::span<const std::byte> payload);

  const NodeConfig config_;
  Handler& handler_;
  Runner& runner_;
  bool ended_ = false;  // answers that are dropped from here on find nobody
  bool polling_ = false;
  bool leaving_ = false;
  bool leave_told_ = false;
  bool synchronized_ = false;
  Standing standing_ = Standing::idle;
  MemberKey self_;
  std::string failure_;
  std::uint64_t undelivered_ = 0;
  std::vector<Answer> unanswered_;
  std::unordered_map<MemberId, Peer> peers_;
  HugePages index_memory_;
  Index index_{index_memory_};
  std::unordered_map<MemberId, PendingBatch> batches_;
  Random dice_;
  OwnBindings own_;
  Watches watches_;
  CallsInFlight calls_;
};

}  // namespace muster

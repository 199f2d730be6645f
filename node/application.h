// The application's side of a node: hears what the engine tells, keeps what lookups need, and gives
// the engine what is to be sent.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/messaging/assembly.h"
#include "cluster/messaging/call_table.h"
#include "cluster/random.h"
#include "cluster/wire/parse.h"
#include "node/call_waiter.h"
#include "node/callbacks.h"
#include "node/channel_set.h"
#include "node/config.h"
#include "node/directory_copy.h"
#include "node/next_polls.h"
#include "node/node.h"
#include "node/outgoing_channel.h"
#include "node/own_bindings.h"
#include "node/own_topics.h"
#include "node/repeats.h"
#include "node/runner.h"
#include "node/subscriptions.h"
#include "node/tasks.h"

namespace muster {

/// The same in both ways of running: only the runner differs. See Node for what its functions mean.
class Application {
 public:
  /// It sends on these channels, and no other.
  Application(const NodeConfig& config, Handler& handler, Runner& runner, ChannelSet channels);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  std::size_t poll();
  void leave();
  /// Another thread sends on these from now on. Throws StartError where this one does not, or has
  /// something under way.
  void give_away(ChannelSet channels);
  void take_back(ChannelSet channels);
  /// No more is said, nor heard. Waits for room for what was said, a tenth of a second at most;
  /// then what is left is lost.
  void end();

  AdvertiseResult advertise(std::string_view path, std::span<const std::byte> value,
                            Attributes attributes);
  AdvertiseResult advertise(const Batch& batch);
  void advertise(const std::vector<ServiceConfig>& services);
  AdvertiseResult withdraw(std::string_view path);
  AdvertiseResult withdraw_all();
  AdvertiseResult serve(std::string_view path, std::span<const std::byte> value,
                        ServiceHandler handler, Attributes attributes);

  const Index& index() const { return directory_.index(); }
  bool answer_calls(std::string_view path, ServiceHandler handler) {
    return own_.answer(path, std::move(handler));
  }
  std::optional<MemberKey> pick(std::string_view path, const Pick& how);
  WatchId watch(std::string_view prefix, WatchCallback callback) {
    return directory_.watch(prefix, std::move(callback));
  }
  void unwatch(WatchId id) { directory_.unwatch(id); }
  std::vector<MemberView> members() const;
  const MemberView* member(MemberId id) const;

  SendResult send(MemberId to, std::span<const std::byte> payload, ChannelId channel);
  Buffer claim(std::size_t bytes);
  SendResult commit(Buffer& buffer, MemberId to, ChannelId channel);
  SendResult commit(Buffer& buffer, TopicNumber topic);
  void give_back(Buffer& buffer);
  std::size_t packet_bytes_max() const { return runner_.payload_bytes_max() - payload_offset; }
  /// Throws nothing.
  void flush();

  Announced announce(const TopicConfig& topic);
  bool withdraw_topic(TopicNumber topic) { return topics_.withdraw(topic); }
  SendResult publish(TopicNumber topic, std::span<const std::byte> payload);
  std::size_t lag_packets(TopicNumber topic) const { return topics_.lag_packets(topic); }
  bool may_publish(TopicNumber topic) const { return !closed() && topics_.may_publish(topic); }
  Subscribed subscribe(std::string_view topic, From from);
  bool unsubscribe(SubscriptionNumber id) { return subscriptions_.unsubscribe(id); }

  KeptMessage keep(const Received& message);
  void give_back_kept(Packet& packet);
  /// A copy, valid until the callback that runs ends.
  Message::Bytes in_one_piece(std::span<const Message::Bytes> pieces);

  CallStart call(std::string_view path, std::span<const std::byte> payload, DurationNs deadline_ns,
                 CallWaiter waiter, const CallOptions& options);
  CallStart call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                 DurationNs deadline_ns, CallWaiter waiter, ChannelId channel);
  void cancel(CallId id) { calls_.close(id); }
  void spawn(Task<> task) { tasks_.spawn(std::move(task)); }
  NextPolls& next_polls() { return next_polls_; }
  SendResult answer(const Recipient& to, CallId call, CallStatus status,
                    std::span<const std::byte> payload);
  /// Answers without a payload, later if it must be.
  void answer_some_time(const Recipient& to, CallId call, CallStatus status);

  int event_fd() { return runner_.event_fd(); }
  bool arm();
  /// As Client::idle() does where it is woken. False: what is in the way will not have gone by the
  /// next poll(), or arm() has refused the last time, too. Whoever waits for what never comes, as a
  /// coroutine does whose engine has ended, would keep a core busy else.
  bool sleep();

  Standing standing() const { return standing_; }
  bool synchronized() const { return synchronized_; }
  MemberKey self() const { return self_; }
  /// Why this node can never be a member, or is none for as long as the port is lost.
  const std::string& failure() const { return failure_.empty() ? port_failure_ : failure_; }
  TimeNs next_deadline() const { return std::min(runner_.next_deadline(), calls_.next_deadline()); }
  void fill(NodeStats& stats) const;

 private:
  /// One channel to and from a peer, as far as it is used.
  struct Channel {
    std::optional<OutgoingChannel> outgoing;
    std::optional<Assembly> incoming;
  };
  struct Peer {
    MemberView view;
    std::shared_ptr<Credit> credit;
    std::array<std::unique_ptr<Channel>, wire::channels> channels{};

    MemberInfo info() const { return {view.key, view.name, view.endpoint}; }
  };
  struct Answer {
    Recipient to;
    CallId call;
    CallStatus status;
  };

  /// The packet whose messages are being heard.
  struct Hearing {
    Packet* packet = nullptr;
    MemberKey from{};
    ChannelId channel = 0;
    Subscriptions::Stream* stream = nullptr;  ///< of a topic, instead of the channel
    const std::byte* at = nullptr;            ///< the next message
    std::size_t left = 0;
  };

  std::size_t hear();
  void begin_hearing(Word messages);
  void hear_next();
  void end_hearing();
  /// What the pieces of the message that is heard are put together in; nullptr: nobody wants it.
  Assembly* assembly();
  void hear_piece(const wire::MessageView& piece);
  void hear_whole(const wire::MessageView& head, std::span<const Message::Bytes> pieces,
                  std::size_t size);
  void hear_request(const wire::MessageView& request, Message::Bytes payload);
  void hear(const SelfChanged& event);
  std::string why_refused(const Refusal& refusal) const;
  void hear(const StandingChanged& event);
  void hear(const Joined& event);
  void hear(const Suspected& event);
  void hear(const Refuted& event);
  void hear(const Removed& event);
  void hear(BindingChanged& event) { directory_.hear(event); }
  void hear(const BatchBegan& event) { directory_.hear(event); }
  void hear(const BatchEnded& event) { directory_.hear(event); }
  void hear(const Synchronized& event);
  void hear(const Undelivered& event);
  void hear(const PortChanged& event);
  void hear(const Overrun& event);
  void hear(const ChannelsReturned& event) { take_back(event.channels); }
  void hear(const StreamChanged& event);
  void hear(const SubscriberEvent& event) { handler_.on_subscriber(event); }
  void hear(const PathEvent& event) { handler_.on_path(event); }
  void hear(const TopicsEnded& event);

  CallStart call(Peer& peer, std::string_view path, std::span<const std::byte> payload,
                 DurationNs deadline_ns, CallWaiter waiter, ChannelId channel);
  /// One of the others that offer the name; of `repeat`, which may be null, none that was asked.
  Peer* candidate(std::string_view path, const Pick& how, const Repeat* repeat);
  void hear_answer(const wire::MessageView& head, const Message& message);
  void end_calls(CallOutcome outcome);
  void end_calls_to(MemberId removed);
  bool goes_on_elsewhere(CallId call);
  bool ask_again(CallId call);
  void repeat_calls();
  void abandon_waiting();

  void retry();
  /// Passes it on. What was blocked is worth waking for.
  SendResult noting(SendResult result) {
    if (result == SendResult::would_block) blocked_ = true;
    return result;
  }
  bool execute(Command command);
  bool closed() const { return leaving_ || standing_ != Standing::member; }
  bool over() const;
  Peer* find(MemberId id);
  DurationNs round_trip_ns(const Peer& peer) const;
  /// Which channel is meant; nullopt where it is not this thread's.
  std::optional<ChannelId> sending_on(ChannelId id) const;
  void share_out();
  Channel& channel_of(Peer& peer, ChannelId id);
  OutgoingChannel& outgoing_channel(Peer& peer, ChannelId id);
  SendResult send_on(Peer& peer, ChannelId id, const MessageHead& head,
                     std::span<const std::byte> payload);
  SendResult send_on(OutgoingChannel& channel, const MessageHead& head,
                     std::span<const std::byte> payload);
  SendResult commit_on(OutgoingChannel& channel, Buffer& buffer);
  /// What of `channel` is gathered goes out at the end of the cycle.
  void gather(OutgoingChannel& channel);
  void report_undelivered(const Undelivered& undelivered);
  /// What was sent to the peer and has not come to its session, and never will.
  void report_stranded(Peer& peer);

  const NodeConfig config_;
  Handler& handler_;
  Runner& runner_;
  ChannelSet channels_;
  const bool attached_;  ///< the thread of the node is another one
  bool ended_ = false;   // answers that are dropped from here on find nobody
  bool polling_ = false;
  bool armed_ = false;
  bool refused_ = false;  ///< to sleep, the last time that sleep() was asked
  bool blocked_ = false;  ///< something, since the last poll() began
  bool leaving_ = false;
  bool leave_told_ = false;
  bool synchronized_ = false;
  Standing standing_ = Standing::idle;
  MemberKey self_;
  std::string failure_;       ///< for good
  std::string port_failure_;  ///< while the port is lost
  std::uint64_t delivered_ = 0;
  std::uint64_t undelivered_ = 0;
  std::uint64_t messages_unsound_ = 0;
  std::uint64_t publications_delivered_ = 0;
  std::vector<Answer> unanswered_;
  // These outlive the channels of the peers and the topics, which give back to them.
  LargeBuffers to_send_;
  Assembly::Shared assemblies_;
  Gathering gathering_;  ///< what has something gathered
  OwnTopics topics_;
  Subscriptions subscriptions_;
  std::unordered_map<MemberId, Peer> peers_;
  Peer* found_last_ = nullptr;  ///< few talk to many in turn
  Callbacks callbacks_;         ///< of the event that is heard
  DirectoryCopy directory_;
  Random dice_;
  OwnBindings own_;
  Repeats repeats_;
  CallTable<CallWaiter> calls_;
  NextPolls next_polls_;
  Tasks tasks_;
  std::vector<CallId> repeating_;  ///< those that wait for room
  Hearing hearing_;
  std::vector<std::byte> one_piece_;
  std::size_t kept_packets_ = 0;
  std::size_t kept_packets_max_ = 0;
};

}  // namespace muster

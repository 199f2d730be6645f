// What one thread of the application uses of a node.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/attributes.h"
#include "cluster/directory/bound.h"
#include "cluster/directory/pick.h"
#include "cluster/messaging/large_buffers.h"
#include "cluster/messaging/send.h"
#include "cluster/packet.h"
#include "cluster/publishing/topic_config.h"
#include "cluster/types.h"
#include "node/awaited.h"
#include "node/handler.h"
#include "node/task.h"

namespace muster {

class Application;

/// Another member, as this one knows it.
struct MemberView {
  MemberKey key;
  std::string name;
  Endpoint endpoint;
  bool suspected = false;
};

/// Room for one message: in the packet that will carry it, or, where it needs several, in memory
/// from which these are filled. Gives that back if it is destroyed before Node::commit(). Must not
/// outlive the node.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  /// False: there was no room to be had, or no message is so large.
  explicit operator bool() const { return owner_ != nullptr; }
  std::span<std::byte> bytes() { return bytes_; }
  /// What an empty one is answered by Node::commit(): too_large, what there was no room in, or
  /// no_buffer where none was claimed, or its message has been taken.
  SendResult lacking() const { return lacking_; }
  /// Keeps the first `bytes` only; all of them where there are no more.
  void shrink(std::size_t bytes) { bytes_ = bytes_.first(std::min(bytes, bytes_.size())); }

 private:
  friend class Application;
  /// What it held is somebody else's.
  void clear();

  Application* owner_ = nullptr;
  Packet* packet_ = nullptr;  ///< null: the bytes are in large_
  LargeBuffers::Buffer large_;
  std::span<std::byte> bytes_;
  SendResult lacking_ = SendResult::no_buffer;
};

/// A call that has come in. Valid during the handler only; the payload is in one piece, which of
/// one that came in several is a copy.
struct Request {
  MemberKey from;
  ChannelId channel = own_channel;  ///< the answer takes the same
  std::string_view path;
  std::span<const std::byte> payload;
};

/// Answers one call: in the handler, or later. Destroyed without an answer, it answers `failed`.
/// Must not outlive the node.
class Responder {
 public:
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();

  /// On would_block it may be tried again after a poll(), on too_large with less; on
  /// every other result the call is settled. not_connected: the caller was removed.
  SendResult reply(std::span<const std::byte> payload);
  /// The call is not carried out, and has not been: the caller hears CallOutcome::refused, or asks
  /// another member (CallOptions::idempotent).
  SendResult refuse(std::span<const std::byte> payload = {});
  /// The caller hears CallOutcome::failed.
  SendResult fail(std::span<const std::byte> payload = {});
  /// False once the call is settled.
  bool pending() const { return owner_ != nullptr; }

 private:
  friend class Application;
  Responder(Application& owner, const Recipient& to, CallId call)
      : owner_(&owner), to_(to), call_(call) {}
  SendResult answer(CallStatus status, std::span<const std::byte> payload);

  Application* owner_;
  Recipient to_;
  CallId call_;
};

using ServiceHandler = std::function<void(const Request&, Responder)>;
/// The payload is valid during the callback, and empty unless the callee answered.
using CallCallback = std::function<void(CallOutcome, std::span<const std::byte> payload)>;

struct CallStart {
  SendResult result = SendResult::closed;
  CallId id = 0;  ///< for Node::cancel(); only if the result is `sent`
};

/// One change of the naming tree (of a batch, each: all of it stands in the tree by then), or one
/// binding of the tree as it stands.
struct Change {
  enum class Kind : std::uint8_t { bound, withdrawn };
  Kind kind;
  Binding binding;
};
using WatchCallback = std::function<void(const Change&)>;
using WatchId = std::uint64_t;

/// Hears, sends and calls for one thread: the one that made the node has it in the Node itself,
/// each other gets one of its own from Node::attach().
///
/// Not thread-safe: one thread makes all calls. Different clients, of one node or of several, are
/// independent of each other. No function blocks unless it says so. Nothing is allocated by poll(),
/// send(), publish(), claim(), commit(), call() and reply() for messages and for calls that are
/// answered, and no system call made unless the transport makes one.
class Client {
 public:
  /// Gives its channels back to the node, and stops hearing: a message of which only a part has
  /// come is lost with it. What was sent and has found no room yet is waited for, a tenth of a
  /// second at most; what waits longer is lost with the client, and the channel of a long message
  /// that is cut off by that is not sent on again. Blocks.
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) = delete;

  /// Hears what has happened, at most a few hundred events in one call, and when inline runs the
  /// protocol. Returns how much work was done: 0, nothing. An inline node must be polled more often
  /// than the timers ask for, else it counts a stall and doubts itself before it doubts others.
  std::size_t poll();
  /// What to do between polls: spins, backs off or sleeps, as configured; `work` is what poll()
  /// returned. Sleeps at most 100 us, or 10 ms where it is woken (Idle::sleep), and never past the
  /// next deadline.
  void idle(std::size_t work);
  /// Polls, and idles between, for so long. Blocks.
  void run_for(DurationNs duration_ns);
  /// For servers with an event loop: a descriptor that becomes readable when poll() has something
  /// to do, once arm() has said that the loop may sleep. Level-triggered; the node keeps it. Throws
  /// StartError for an inline node whose port has to be polled: over DPDK all have to, but for NICs
  /// with receive interrupts where `idle` is Idle::sleep.
  int event_fd();
  /// Call it when poll() has nothing more to do, and nothing of this node's after it, before the
  /// loop waits for event_fd(). True: it may sleep as long as it likes. False: poll() first.
  /// What would have blocked since the last poll() began is a reason to wake as well. Whoever
  /// polls without it makes no system call for all that.
  bool arm();

  /// All who bind `path`, in the order in which they were heard; constant time. Valid until the
  /// next poll().
  std::span<const Bound> lookup(std::string_view path) const;
  /// One of those, this member too where it binds `path`: then it is the nearest. Allocates
  /// nothing.
  std::optional<MemberKey> pick(std::string_view path, const Pick& how = Pick::round_robin());
  /// Visits each binding at or below `prefix` ("/" is everything), in ascending order of paths.
  void list(std::string_view prefix,
            const std::function<void(std::string_view path, const Bound&)>& visit) const;
  /// Names bound by anybody.
  std::size_t names() const;
  /// Calls back at once for each binding at or below `prefix` as the tree stands, and after that,
  /// from within poll(), once for each change, in order for each owner.
  WatchId watch(std::string_view prefix, WatchCallback callback);
  void unwatch(WatchId id);

  /// The others, as poll() has heard of them. Allocates.
  std::vector<MemberView> members() const;
  /// One of them, or nullptr; valid until the next poll(). member_id() gives the id of a name.
  const MemberView* member(MemberId id) const;

  /// Sends to a member: delivered exactly once, in order, or reported by Handler::on_undelivered().
  /// Any other result than `sent` means that nothing was taken. One copy. What is sent outside of
  /// poll() goes out with the next poll() when inline.
  ///
  /// Channels do not wait for each other: what is in order is so within one channel. Small messages
  /// share a packet, which goes out at the end of poll(), at flush(), or when it is full; one of
  /// more than a packet, up to wire::message_bytes_max, goes out as the receiver has room for it,
  /// with each poll(), and the channel takes no other until then.
  SendResult send(MemberId to, std::span<const std::byte> payload, ChannelId channel = own_channel);
  /// Room for a message of `bytes`, to be written by the caller: up to packet_bytes_max() it is
  /// sent without a copy, a longer one is copied once, from here into its packets, or, in jumbo
  /// frames, not at all (docs/adr/0031).
  Buffer claim(std::size_t bytes);
  /// Takes the message out of the buffer, which is then empty, if the result is `sent`; else the
  /// buffer can be committed again. An empty one is answered Buffer::lacking(). One that another
  /// client has claimed is a mistake: it is answered no_buffer, and where assertions are compiled
  /// it is the end.
  SendResult commit(Buffer& buffer, MemberId to, ChannelId channel = own_channel);
  /// The largest message that fits a packet, in bytes.
  std::size_t packet_bytes_max() const;
  /// Hands over what was sent and published since the last poll(), which does that as well.
  void flush();

  /// Begins to publish a topic: all who subscribe to its name hear what is published from then on,
  /// or from earlier on, as both want it. What it may keep is reserved. A topic is this thread's
  /// alone, and ends with it. Another node may publish the same. Blocks, as withdraw_topic(),
  /// subscribe() and unsubscribe() do: waits for the engine thread, a tenth of a millisecond or two
  /// as a rule; not at all when inline.
  Announced announce(const TopicConfig& topic);
  /// At once, for all who follow it: what they have not accepted by now they do not get
  /// (lag_packets()). False: it is none of this thread's.
  bool withdraw_topic(TopicNumber topic);
  /// To all who subscribe to it, as TopicConfig says: once and in order, or they are told of the
  /// gap. Messages are gathered, and may be as long, as those of send(). would_block with
  /// Exhausted::subscriber: one that lags slows the topic; SendResult::lagging() says who.
  SendResult publish(TopicNumber topic, std::span<const std::byte> payload);
  /// The same for one that claim() gave room for.
  SendResult commit(Buffer& buffer, TopicNumber topic);
  /// By how many packets the slowest subscriber lags, what publish() has gathered included, as far
  /// as the engine thread has told; 0: all have accepted everything.
  std::size_t lag_packets(TopicNumber topic) const;
  /// A packet more would be taken, and nobody be dropped or skip anything for it, as far as is
  /// known: for publishers that would rather wait.
  bool may_publish(TopicNumber topic) const;

  /// Follows all others who publish the topic, now and later: see Handler::on_publication() and
  /// on_stream(). Each topic once in a node; it is heard by this thread. Who hears too seldom lags:
  /// see SlowSubscriber.
  Subscribed subscribe(std::string_view topic, From from = From::now);
  /// Nothing is heard of it any more. False: it is none of this thread's.
  bool unsubscribe(SubscriptionNumber subscription);

  /// Calls a service at one of the other members that advertise it; not_connected if there is none.
  /// `callback` is called from within poll(), once: with the answer, or with what ended the call
  /// instead, at the latest `deadline_ns` from now; never where the result is not `sent`. A
  /// callback that captures no more than two pointers allocates nothing.
  CallStart call(std::string_view path, std::span<const std::byte> payload, DurationNs deadline_ns,
                 CallCallback callback, const CallOptions& options = {});
  /// The same at a given member, and at no other.
  CallStart call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                 DurationNs deadline_ns, CallCallback callback, ChannelId channel = own_channel);
  /// For coroutines: `co_await` gives a CallAnswer, within poll(). `path` and `payload` are
  /// of no use to the node once it has begun.
  AwaitedCall call(std::string_view path, std::span<const std::byte> payload,
                   DurationNs deadline_ns, const CallOptions& options = {});
  AwaitedCall call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                   DurationNs deadline_ns, ChannelId channel = own_channel);
  /// `co_await` goes on within the next poll(): for what would have blocked.
  NextPoll next_poll();
  /// Runs a coroutine until it first waits, and owns it from there on: it ends with the node at the
  /// latest, destroyed where it waits. What it throws comes out of poll().
  void spawn(Task<> task);
  /// Stops waiting: the callback is not called any more. The call may still be carried out.
  void cancel(CallId id);
  /// Answers the calls to `path` that come in on this client's channels, until it is answered or
  /// served otherwise; an empty handler ends it. It advertises nothing, and no withdrawal ends it:
  /// see Node::serve(). Calls to a path that is not answered here are told
  /// CallOutcome::no_such_service. False: `path` is none.
  bool answer(std::string_view path, ServiceHandler handler);

  /// What poll() has heard last.
  Standing standing() const;
  /// Handler::on_synchronized() has been called. Until then lookup(), pick() and calls by name miss
  /// names that are there.
  bool synchronized() const;
  MemberKey self() const;

  struct Parts;

 protected:
  friend class Node;
  explicit Client(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace muster

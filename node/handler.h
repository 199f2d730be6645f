// What the application hears.
#pragma once

#include <string_view>

#include "cluster/events.h"
#include "cluster/types.h"
#include "node/message.h"

namespace muster {

/// Called from within poll() of the node or client that it was given to, on the thread that calls
/// it, in one order: no callback names
/// an incarnation after its on_removed(), and a member's bindings are withdrawn before that.
///
/// A callback may call any function of its node except poll(), join(), run_for() and the
/// destructor. What it throws comes out of poll(); the event counts as heard, and what else there
/// is to call for it is called: of what several throw, the first comes out. Views and spans are
/// valid during the callback only.
///
/// A Responder, a KeptMessage or a Buffer must be gone before the node is. A handler, which
/// outlives the node, keeps none of them as a member, or lets go of them before the node ends.
class Handler {
 public:
  virtual ~Handler() = default;

  /// This member's own standing has changed; refused, replaced and left are final.
  virtual void on_standing(Standing) {}

  virtual void on_joined(const MemberInfo&) {}
  virtual void on_suspected(const MemberInfo&) {}
  /// A suspicion turned out wrong.
  virtual void on_refuted(const MemberInfo&) {}
  virtual void on_removed(const MemberInfo&, RemovalReason) {}

  /// A name was bound, or bound to another value; this member's own bindings too.
  virtual void on_bound(const Binding&) {}
  virtual void on_withdrawn(const Binding&) {}
  /// This member holds the tree of every live member.
  virtual void on_synchronized() {}

  /// A message, once and, on each channel, in the order in which it was sent.
  virtual void on_message(const Message&) {}
  /// Messages, calls or answers for which Node::send() and others returned `sent`, and of which it
  /// is not known that the other side has them: it was removed, or this member was, or has left
  /// because of an overrun (it is polled to hear of them then, too).
  /// They are named by their numbers: 1 is the first that this channel carried to that incarnation.
  /// Calls and answers count too, also those that the node gives or makes again by itself, so who
  /// wants to know which message it was keeps a channel for messages alone. There may be several
  /// reports, in ascending order.
  virtual void on_undelivered(const Undelivered&) {}

  /// A message of a topic that this thread has subscribed to, once and in the order of its
  /// publisher. Of an unreliable topic: if it comes.
  virtual void on_publication(const Publication&) {}
  /// A publisher of such a topic has begun for this member, has left something out, has ended, or
  /// is one more than `limits.streams` allows and begins once another ends. After `began` all its
  /// messages come, but for what a gap names. What had begun of a message that a gap or the end has
  /// cut off is not given.
  virtual void on_stream(const StreamEvent&) {}
  /// Of a topic that this thread has announced.
  virtual void on_subscriber(const SubscriberEvent&) {}

  /// Packets of `event.bytes`, the mtu, do not arrive at a member, though short ones do: a switch,
  /// a bridge or a tunnel on the way there carries less, or that member was given a smaller mtu.
  /// What needs a long packet waits. Once for each such member; and once they do arrive.
  virtual void on_path(const PathEvent& /*event*/) {}

  /// The port has had no link for NodeConfig::port_lost_after_ns, or never one for eight times as
  /// long, or it is gone, at once; `why` is one sentence. The node tries on: should the link come
  /// back, it returns to the cluster by itself; so it does where a NIC that was gone, and given
  /// back at once, is bound to the same driver again, under the same address. Another port that is
  /// gone needs a new Node.
  virtual void on_port_lost(std::string_view /*why*/) {}
  /// The application polled so rarely that LimitsConfig::event_backlog, or event_backlog_bytes, was
  /// exceeded. Events were lost; `why` is one sentence. The node has left the cluster; of a client
  /// of Node::attach() that is behind, this client only is at its end. Of what comes after it there
  /// is only on_standing(), the end of each call, and on_undelivered() for what was under way, also
  /// to members whose on_removed() was lost.
  virtual void on_overrun(std::string_view /*why*/) {}
};

}  // namespace muster

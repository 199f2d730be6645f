// What the application has given the engine thread to send, as long as the session has no window
// for it: a queue for each peer, so that a slow peer holds up nobody else.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cluster/events.h"
#include "cluster/member.h"
#include "node/credit.h"
#include "node/outgoing.h"

namespace muster {

/// The engine thread's. Whatever is not handed to a session is told through Events, except to a
/// peer that was removed: there the application counts by itself what had not been taken.
class SendQueues {
 public:
  SendQueues(Member& member, PacketPort& port, Events& events, std::size_t members_max);
  ~SendQueues();
  SendQueues(const SendQueues&) = delete;
  SendQueues& operator=(const SendQueues&) = delete;

  /// A peer has joined, or was removed.
  std::shared_ptr<Credit> open(const MemberKey& peer);
  void close(const MemberKey& peer);

  /// Sends a packet that holds an Outgoing, or queues it. Consumes the reference.
  void submit(TimeNs now, Packet& packet);
  /// Once in each cycle: sends what the windows allow by now.
  void retry(TimeNs now);
  /// Once in each cycle: tells the application how far away the peers are, now and then one of
  /// them.
  void publish_round_trips(TimeNs now);
  /// Something waits: retry() has something to do.
  bool waiting() const { return !blocked_.empty(); }

 private:
  struct Queue {
    MemberKey peer;
    std::shared_ptr<Credit> credit;
    std::array<Packet*, Credit::queue_max> packets{};
    std::size_t first = 0;
    std::size_t size = 0;
    TimeNs next_call_deadline_ns = never_ns;  ///< no call in the queue ends before this

    Packet*& at(std::size_t i) { return packets[(first + i) % packets.size()]; }
  };

  /// True: the packet is dealt with, one way or the other.
  bool try_send(TimeNs now, Queue& queue, Packet& packet);
  void drain(TimeNs now, Queue& queue);
  void end_late_calls(TimeNs now, Queue& queue);
  void end_call(const Outgoing& outgoing, CallOutcome outcome);

  Member& member_;
  PacketPort& port_;
  Events& events_;
  std::unordered_map<MemberId, Queue> queues_;
  std::vector<Queue*> blocked_;  ///< the queues that are not empty
  std::vector<Queue*> all_;
  std::uint32_t joins_ = 0;
  std::size_t published_ = 0;
  TimeNs next_publish_ns_ = 0;
};

}  // namespace muster

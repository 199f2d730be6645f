#include "node/send_queues.h"

#include <algorithm>
#include <cassert>

namespace muster {
namespace {

/// A thousand peers are gone through in a twentieth of a second.
constexpr DurationNs publish_interval_ns = 50 * us;

}  // namespace

SendQueues::SendQueues(Member& member, PacketPort& port, Events& events, std::size_t members_max)
    : member_(member), port_(port), events_(events) {
  queues_.reserve(members_max);
  blocked_.reserve(members_max);
  all_.reserve(members_max);
}

SendQueues::~SendQueues() {
  for (auto& [id, queue] : queues_)
    for (std::size_t i = 0; i < queue.size; ++i) port_.release(*queue.at(i));
}

std::shared_ptr<Credit> SendQueues::open(const MemberKey& peer) {
  Queue& queue = queues_[peer.id];
  queue.peer = peer;
  queue.credit = std::make_shared<Credit>(++joins_);
  all_.push_back(&queue);
  return queue.credit;
}

void SendQueues::close(const MemberKey& peer) {
  const auto found = queues_.find(peer.id);
  if (found == queues_.end() || found->second.peer != peer) return;
  Queue& queue = found->second;
  for (std::size_t i = 0; i < queue.size; ++i) {
    end_call(Outgoing::load(*queue.at(i)), CallOutcome::member_removed);
    port_.release(*queue.at(i));
  }
  std::erase(blocked_, &queue);
  std::erase(all_, &queue);
  queues_.erase(found);
}

void SendQueues::submit(TimeNs now, Packet& packet) {
  const Outgoing outgoing = Outgoing::load(packet);
  const auto found = queues_.find(outgoing.to.id);
  if (found == queues_.end() || found->second.credit->join() != outgoing.join) {
    end_call(outgoing, CallOutcome::member_removed);
    port_.release(packet);
    return;
  }
  Queue& queue = found->second;
  if (queue.size == 0 && try_send(now, queue, packet)) return;
  assert(queue.size < queue.packets.size());
  if (queue.size == 0) blocked_.push_back(&queue);
  queue.at(queue.size++) = &packet;
  if (outgoing.kind == wire::MessageKind::request)
    queue.next_call_deadline_ns = std::min(queue.next_call_deadline_ns, outgoing.deadline_ns);
}

bool SendQueues::try_send(TimeNs now, Queue& queue, Packet& packet) {
  const Outgoing outgoing = Outgoing::load(packet);
  const SendResult result = hand_over(member_, now, outgoing, packet);
  if (result == SendResult::would_block) return false;
  queue.credit->take();
  if (result == SendResult::sent) return true;
  end_call(outgoing, CallOutcome::member_removed);
  events_.on_undelivered(queue.peer, 1);
  port_.release(packet);
  return true;
}

void SendQueues::retry(TimeNs now) {
  for (std::size_t i = 0; i < blocked_.size();) {
    Queue& queue = *blocked_[i];
    drain(now, queue);
    if (now >= queue.next_call_deadline_ns) end_late_calls(now, queue);
    if (queue.size > 0) {
      ++i;
      continue;
    }
    blocked_[i] = blocked_.back();
    blocked_.pop_back();
  }
}

void SendQueues::drain(TimeNs now, Queue& queue) {
  while (queue.size > 0 && try_send(now, queue, *queue.at(0))) {
    queue.first = (queue.first + 1) % queue.packets.size();
    --queue.size;
  }
  if (queue.size == 0) queue.next_call_deadline_ns = never_ns;
}

void SendQueues::publish_round_trips(TimeNs now) {
  if (now < next_publish_ns_ || all_.empty()) return;
  next_publish_ns_ = now + publish_interval_ns;
  const Queue& queue = *all_[++published_ % all_.size()];
  if (const auto round_trip = member_.messaging().round_trip_ns(queue.peer.id))
    queue.credit->measured(*round_trip);
}

/// Calls that never left: the others keep their order.
void SendQueues::end_late_calls(TimeNs now, Queue& queue) {
  queue.next_call_deadline_ns = never_ns;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < queue.size; ++i) {
    Packet* packet = queue.at(i);
    const Outgoing outgoing = Outgoing::load(*packet);
    if (outgoing.deadline_ns <= now) {
      queue.credit->take();
      end_call(outgoing, CallOutcome::deadline);
      port_.release(*packet);
      continue;
    }
    queue.next_call_deadline_ns = std::min(queue.next_call_deadline_ns, outgoing.deadline_ns);
    queue.at(kept++) = packet;
  }
  queue.size = kept;
}

void SendQueues::end_call(const Outgoing& outgoing, CallOutcome outcome) {
  if (outgoing.kind == wire::MessageKind::request)
    events_.on_response(outgoing.call, outcome, {}, nullptr);
}

}  // namespace muster

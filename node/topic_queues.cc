#include "node/topic_queues.h"

#include <algorithm>
#include <cassert>

#include "cluster/messaging/message_writer.h"
#include "node/outgoing.h"

namespace muster {

TopicQueues::TopicQueues(Member& member, PacketPort& port, const MessagingConfig& config)
    : member_(member),
      port_(port),
      queue_packets_(config.queue_packets),
      packets_max_(config.retained_packets) {
  busy_.reserve(config.topics_max);
}

TopicQueues::~TopicQueues() {
  while (!queues_.empty()) close(queues_.begin()->first);
}

bool TopicQueues::has_room_for(const TopicConfig& topic) const {
  return packets_reserved_ + Topic::packets_max(topic) + queue_packets_ <= packets_max_;
}

std::shared_ptr<TopicCredit> TopicQueues::open(TopicNumber topic, const TopicConfig& config) {
  Queue& queue = queues_[topic];
  queue.topic = topic;
  queue.packets_reserved = Topic::packets_max(config) + queue_packets_;
  queue.waiting.reserve(queue_packets_);
  packets_reserved_ += queue.packets_reserved;
  return queue.credit;
}

void TopicQueues::close(TopicNumber topic) {
  const auto found = queues_.find(topic);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  for (Packet* packet : queue.waiting) port_.release(*packet);
  packets_reserved_ -= queue.packets_reserved;
  std::erase(busy_, &queue);
  queues_.erase(found);
}

std::size_t TopicQueues::lag_packets(TopicNumber topic) const {
  const Topic* found = member_.publishing().publisher().find(topic);
  return found == nullptr ? 0 : found->lag_packets();
}

void TopicQueues::subscribers_changed(TopicNumber topic) {
  if (const auto found = queues_.find(topic); found != queues_.end()) look_at(found->second);
}

void TopicQueues::look_at(Queue& queue) {
  if (queue.listed) return;
  queue.listed = true;
  busy_.push_back(&queue);
}

SendResult TopicQueues::publish(TopicNumber topic, Packet& packet, std::uint32_t messages) {
  const PublishOutcome outcome = member_.publish(topic, packet, messages);
  switch (outcome.result) {
    case PublishResult::sent:
      return SendResult::sent;
    case PublishResult::would_block:
      return SendResult::blocked_by(outcome.blocked_by.id);
    case PublishResult::out_of_turn:
      // The stream in which its message began has ended: nobody can make it whole (§9.8).
      assert(continues_a_message(packet));
      port_.release(packet);
      return SendResult::sent;
    case PublishResult::too_large:
      return SendResult::too_large;
    case PublishResult::closed:
      return SendResult::closed;
    case PublishResult::not_announced:
      break;
  }
  return SendResult::no_such_topic;
}

bool TopicQueues::publish(Queue& queue, Packet& packet) {
  const SendResult result = publish(queue.topic, packet, Outgoing::load(packet).messages);
  queue.credit->blocked_by(result.lagging());
  if (result == SendResult::would_block) return false;
  if (result != SendResult::sent) port_.release(packet);  // this member is none any more
  return true;
}

void TopicQueues::submit(Packet& packet) {
  const auto found = queues_.find(Outgoing::load(packet).destination.topic);
  if (found == queues_.end()) return port_.release(packet);  // it was withdrawn
  Queue& queue = found->second;
  ++queue.submitted;
  look_at(queue);
  if (!queue.waiting.empty() || !publish(queue, packet)) queue.waiting.push_back(&packet);
}

std::size_t TopicQueues::publish_waiting(Queue& queue) {
  const auto stuck =
      std::ranges::find_if(queue.waiting, [&](Packet* packet) { return !publish(queue, *packet); });
  queue.waiting.erase(queue.waiting.begin(), stuck);
  return queue.waiting.size();
}

bool TopicQueues::serve_busy() {
  bool gave = false;
  std::erase_if(busy_, [&](Queue* queue) {
    const std::size_t waiting = publish_waiting(*queue);
    const std::size_t lag = lag_packets(queue->topic);
    const std::uint64_t taken = queue->submitted - waiting;
    const std::uint64_t accepted = taken - lag;
    gave = gave || taken != queue->taken || accepted != queue->accepted;
    queue->credit->taken(queue->taken = taken);
    queue->credit->accepted(queue->accepted = accepted);
    queue->listed = waiting > 0 || lag > 0;
    return !queue->listed;
  });
  return gave;
}

}  // namespace muster

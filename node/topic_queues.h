// The engine's end of what the application gives it to publish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "cluster/config.h"
#include "cluster/member.h"
#include "cluster/messaging/send.h"
#include "cluster/packet.h"
#include "node/credit.h"

namespace muster {

/// What a topic does not take, because a subscriber is in the way, waits here, and its thread gets
/// no more credit than there is room for: so nothing is lost between the two. One thread uses it.
class TopicQueues {
 public:
  /// All outlive it.
  TopicQueues(Member& member, PacketPort& port, const MessagingConfig& config);
  ~TopicQueues();
  TopicQueues(const TopicQueues&) = delete;
  TopicQueues& operator=(const TopicQueues&) = delete;

  /// MessagingConfig::retained_packets holds also what waits here.
  bool has_room_for(const TopicConfig& topic) const;
  /// Of an announced topic whose packets come by submit().
  std::shared_ptr<TopicCredit> open(TopicNumber topic, const TopicConfig& config);
  /// What waits is not published any more.
  void close(TopicNumber topic);

  /// A packet that holds an Outgoing, in turn. Consumes the reference.
  void submit(Packet& packet);
  /// At once or not at all. The packet's reference passes over if the result is `sent`.
  SendResult publish(TopicNumber topic, Packet& packet, std::uint32_t messages);
  std::size_t lag_packets(TopicNumber topic) const;
  void subscribers_changed(TopicNumber topic);

  /// Once in each cycle, before Member::transmit(): publishes what there is room for now, and gives
  /// credit. False: there was nothing to give.
  bool go_on() { return !busy_.empty() && serve_busy(); }

 private:
  struct Queue {
    TopicNumber topic = 0;
    std::size_t packets_reserved = 0;
    std::shared_ptr<TopicCredit> credit = std::make_shared<TopicCredit>();
    std::vector<Packet*> waiting{};
    std::uint64_t submitted = 0;
    std::uint64_t taken = 0;  ///< as the credit says, as is the next
    std::uint64_t accepted = 0;
    bool listed = false;  ///< in busy_
  };

  bool serve_busy();
  /// False: a subscriber is in the way.
  bool publish(Queue& queue, Packet& packet);
  void look_at(Queue& queue);
  std::size_t publish_waiting(Queue& queue);

  Member& member_;
  PacketPort& port_;
  const std::uint32_t queue_packets_;
  const std::size_t packets_max_;
  std::size_t packets_reserved_ = 0;
  std::map<TopicNumber, Queue> queues_;
  std::vector<Queue*> busy_;  ///< something waits here, or for a subscriber
};

}  // namespace muster

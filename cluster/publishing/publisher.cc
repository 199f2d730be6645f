#include "cluster/publishing/publisher.h"

#include <algorithm>
#include <utility>

#include "cluster/messaging/turns.h"

namespace muster {

Publisher::Publisher(const MessagingConfig& config, Outbox& outbox, Messaging& messaging,
                     Events& events, PublishingStats& stats)
    : config_(config),
      outbox_(outbox),
      messaging_(messaging),
      stats_(stats),
      shared_{config_, outbox, events, stats_, sending_, timers_, turns_, ways_left_} {}

std::size_t Publisher::packets_reserved() const {
  std::size_t packets = 0;
  for (const auto& [number, topic] : topics_) packets += Topic::packets_max(topic->config());
  return packets;
}

Announced Publisher::announce(const TopicConfig& config, Sequence first) {
  if (!valid_topic_name(config.name)) return {TopicResult::invalid_name};
  if (find_topic(config.name) != nullptr) return {TopicResult::exists};
  if (config.lag_packets == 0 || topics_.size() >= config_.topics_max ||
      packets_reserved() + Topic::packets_max(config) > config_.retained_packets)
    return {TopicResult::no_room};
  const TopicNumber number = ++last_number_;
  topics_.emplace(number, std::make_unique<Topic>(shared_, config, number, first));
  return {TopicResult::done, number};
}

void Publisher::withdraw(TopicNumber topic) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  found->second->begin_anew();
  topics_.erase(found);
}

const Topic* Publisher::find(TopicNumber topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : found->second.get();
}

const Topic* Publisher::find(std::string_view name) const { return find_topic(name); }

Topic* Publisher::find_topic(std::string_view name) const {
  const auto found = std::ranges::find_if(
      topics_, [&](const auto& entry) { return entry.second->config().name == name; });
  return found == topics_.end() ? nullptr : found->second.get();
}

void Publisher::on_subscriber(const MemberKey& member, std::string_view topic,
                              const SubscriberRole& role) {
  Topic* found = find_topic(topic);
  Route* route = messaging_.route(member.id);
  if (found == nullptr || route == nullptr) return;
  if (const Follower* known = found->find(member.id)) {
    if (known->member() == member && known->subscription() == role.number) return;
    found->remove(member.id);
  }
  messaging_.begin_use(member.id);
  found->add(member, role, *route);
  look_at(*found);
}

void Publisher::on_subscriber_gone(const MemberKey& member, std::string_view topic) {
  Topic* found = find_topic(topic);
  if (found == nullptr) return;
  const Follower* known = found->find(member.id);
  if (known == nullptr || known->member() != member) return;
  found->remove(member.id);
  look_at(*found);
}

void Publisher::remove_member(MemberId member) {
  for (const auto& [number, topic] : topics_) {
    if (topic->find(member) == nullptr) continue;
    topic->remove(member);
    look_at(*topic);
  }
}

void Publisher::begin_anew() {
  for (const auto& [number, topic] : topics_) topic->begin_anew();
}

void Publisher::clear() {
  begin_anew();
  topics_.clear();
}

PublishOutcome Publisher::publish(TopicNumber topic, Packet& packet, std::uint32_t messages) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return {PublishResult::not_announced};
  const PublishOutcome outcome = found->second->publish(packet, messages);
  if (outcome.result == PublishResult::sent) look_at(*found->second);
  return outcome;
}

/// It waits in no other list.
void Publisher::look_at(Topic& topic) {
  if (topic.is_linked()) topic.unlink();
  to_look_at_.push_back(topic);
}

void Publisher::on_report(TimeNs now, const wire::Header& header, const wire::ReportView& report) {
  const MemberKey sender = wire::sender_of(header);
  const auto found = topics_.find(report.body->topic);
  Follower* follower = found == topics_.end() ? nullptr : found->second->find(sender.id);
  if (follower == nullptr || follower->member() != sender ||
      report.body->receiver_incarnation != outbox_.sender().self.incarnation) {
    ++stats_.reports_unknown;
    return;
  }
  found->second->on_report(now, *follower, header.packet_number, report);
  look_at(*found->second);
  messaging_.way_has_changed(now, sender.id);
  way_has_changed();
}

void Publisher::way_has_changed() { to_look_at_.splice(to_look_at_.end(), waiting_); }

void Publisher::on_deadline(TimeNs now) {
  while (Follower* follower = timers_.pop(now)) {
    follower->topic().on_deadline(now, *follower);
    look_at(follower->topic());  // the others may be waiting for it no more
  }
}

void Publisher::send(TimeNs now) {
  if (std::exchange(ways_left_, false)) {
    messaging_.ways_have_changed(now);
    way_has_changed();
  }
  List now_looked_at;
  now_looked_at.swap(to_look_at_);
  std::uint32_t left = transmit_packets;
  while (!now_looked_at.empty()) {
    Topic& topic = now_looked_at.front();
    now_looked_at.pop_front();
    left -= std::min(left, topic.transmit(now, left));
    if (topic.sendable())
      to_look_at_.push_back(topic);
    else if (topic.wants_to_send())
      waiting_.push_back(topic);
  }
  if (!to_look_at_.empty()) go_on_ns_ = now + 1;  // in the next cycle
}

}  // namespace muster

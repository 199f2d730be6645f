#include "cluster/member.h"

#include <algorithm>

#include "cluster/directory/binding_of.h"
#include "cluster/overloaded.h"

namespace muster {

Member::Member(const MemberConfig& config, PacketPort& port, Events& events)
    : config_(config),
      events_(events),
      outbox_(port, {config.cluster, {member_id(config.name), config.incarnation}},
              Audience(config.group, config.multicast)),
      membership_(config_, outbox_, events, *this),
      messaging_(config_.messaging, outbox_, events),
      publishing_(config_.messaging, outbox_, messaging_, events, config.seed),
      paths_(config.self.address, config.seed, outbox_, events),
      hearing_(events, publishing_),
      directory_(config_.directory, config_.group, outbox_, hearing_, config.seed) {}

void Member::start(TimeNs now) {
  outbox_.top_up();
  membership_.start(now);
}

void Member::leave(TimeNs now) {
  transmit(now);  // what was accepted before it goes before it
  membership_.leave(now);
}

void Member::on_packet(TimeNs now, Packet& packet) {
  if (!membership_.takes_part()) return;
  wire::Parsed parsed;
  if (const auto reason = wire::parse(packet.payload(), config_.cluster, parsed))
    return reject(*reason, parsed, packet.peer);
  ++stats_.received[parsed.header->type];
  dispatch(now, parsed, packet);
  outbox_.top_up();  // it may have freed some
}

void Member::dispatch(TimeNs now, const wire::Parsed& packet, Packet& raw) {
  const wire::Header& header = *packet.header;
  const Endpoint& from = raw.peer;
  const MemberKey sender = wire::sender_of(header);
  if (sender.id == self().id) {  // our own multicast, or a namesake: docs/protocol.md §2.5
    if (sender.incarnation != self().incarnation)
      membership_.on_namesake(now, header, packet, from);
    return;
  }
  if (from == config_.self) return membership_.on_address_shared(now, header, packet);
  Peer* const peer = membership_.heard_from(now, header);
  if (const auto* session = std::get_if<wire::SessionView>(&packet.body)) {  // as nearly always
    if (messaging_.on_session(now, header, *session, raw)) publishing_.way_has_changed();
    return;
  }
  std::visit(
      Overloaded{
          [](const wire::SessionView&) {},  // done above
          [&](const wire::PublicationView& publication) {
            publishing_.subscriber().on_publication(now, header, publication, raw);
          },
          [&](const wire::Position* position) {
            publishing_.subscriber().on_position(header, *position);
          },
          [&](const wire::ReportView& report) {
            publishing_.publisher().on_report(now, header, report);
          },
          [&](const wire::HeartbeatView& heartbeat) {
            if (membership_.on_heartbeat(now, peer, header, heartbeat, from))
              directory_.on_heartbeat(now, sender.id,
                                      {.version = heartbeat.body->directory_version,
                                       .digest = heartbeat.body->directory_digest,
                                       .synchronized = heartbeat.body->synchronized != 0});
          },
          [&](const wire::AdvertisementView& advertisement) {
            if (peer != nullptr) directory_.on_advertisement(now, sender.id, advertisement);
          },
          [&](const wire::SyncRequest* request) {
            if (peer != nullptr) directory_.on_request(now, *request, peer->endpoint);
          },
          [&](const wire::SyncAnswerView& answer) { directory_.on_answer(now, sender.id, answer); },
          [&](const wire::JoinView&) { membership_.on_join(header, from); },
          [&](const wire::LeaveView&) { membership_.on_leave(now, header); },
          [&](const wire::Refuse* refuse) { membership_.on_refuse(now, header, *refuse, from); },
          [&](const wire::Removed* removed) {
            membership_.on_removed(now, header, *removed, from);
          },
          [&](const wire::Probe* probe) { membership_.on_probe(*probe, from); },
          [&](const wire::ProbeAck* ack) { membership_.on_probe_ack(now, header, *ack); },
          [&](const wire::ProbeRequest* request) { membership_.on_probe_request(*request, from); },
          [&](const wire::IntroductionRequest* request) {
            membership_.on_introduction_request(now, header, *request, from);
          },
          [&](const wire::IntroductionView& introduction) {
            membership_.on_introduction(introduction, from);
          },
          [&](const wire::PathProbe* probe) {
            if (peer != nullptr && peer->endpoint == from) paths_.on_probe(now, *probe, from);
          },
          [&](const wire::PathAnswer* answer) { paths_.on_answer(header, *answer); },
          [](const wire::UnsupportedVersion*) {},  // counted by its type
      },
      packet.body);
}

/// Dropped and counted. Only who speaks another version is told (docs/protocol.md §2.4), and never
/// in answer to such a notice.
void Member::reject(wire::Reject reason, const wire::Parsed& packet, const Endpoint& from) {
  ++stats_.rejected[static_cast<std::size_t>(reason)];
  if (reason != wire::Reject::unsupported_version) return;
  Packet* notice = outbox_.open(wire::Type::unsupported_version);
  if (notice == nullptr) return;
  append(*notice, wire::UnsupportedVersion{.version = packet.header->version,
                                           .oldest_version = packet.header->oldest_version});
  outbox_.send(*notice, from);
}

void Member::on_deadline(TimeNs now) {
  const TimeNs deadline = next_deadline();
  if (now < deadline) return;
  if (membership_.takes_part() && now - deadline > config_.membership.heartbeat_interval_ns) {
    ++stats_.stalls;
    membership_.doubt_self(now);
  }
  membership_.on_deadline(now);
  if (!membership_.takes_part()) return;
  directory_.on_deadline(now);
  if (messaging_.on_deadline(now)) publishing_.way_has_changed();
  publishing_.on_deadline(now);
  paths_.on_deadline(now);
}

TimeNs Member::next_deadline() const {
  if (!membership_.takes_part()) return membership_.next_deadline();  // of what it says on leaving
  return std::min({membership_.next_deadline(), directory_.next_deadline(),
                   messaging_.next_deadline(), publishing_.next_deadline(),
                   paths_.next_deadline()});
}

void Member::transmit(TimeNs now) {
  outbox_.top_up();
  if (standing() == Standing::member) {
    directory_.transmit(now);
    messaging_.transmit(now);
    take_in_refused();
    publishing_.transmit(now);
    messaging_.for_each_begun([&](const MemberKey& peer, const Endpoint& endpoint) {
      paths_.begin(now, peer, endpoint);
    });
  }
  outbox_.port().flush();
  if (messaging_.settle(now)) {
    outbox_.top_up();
    publishing_.way_has_changed();
  }
}

BindResult Member::bind(std::string_view path, std::span<const std::byte> value,
                        Attributes attributes) {
  if (is_reserved(path)) return BindResult::invalid_path;
  return directory_.bind(path, {attributes, value});
}

BindResult Member::withdraw(std::string_view path) {
  return is_reserved(path) ? BindResult::invalid_path : directory_.withdraw(path);
}

BindResult Member::withdraw_all(TimeNs now) {
  publishing_.clear();
  return directory_.withdraw_all(now);
}

BindResult Member::apply(const Batch& batch) {
  const auto reserved = [](const StoredChange& change) { return is_reserved(change.path); };
  if (std::ranges::any_of(batch.changes(), reserved)) return BindResult::invalid_path;
  return directory_.apply(batch);
}

// Topics.

bool Member::is_closed() const { return is_final(standing()); }

template <class GoesOn>
bool Member::tell_roles(std::string_view path, GoesOn&& goes_on) {
  for (const auto& [id, peer] : membership_.peers()) {
    if (!goes_on()) return false;
    const Replica* replica = directory_.replica(id);
    const TreeEntry* entry = replica == nullptr ? nullptr : replica->tree().find(path);
    if (entry != nullptr) publishing_.on_bound(binding_of(replica->owner(), *entry));
  }
  return true;
}

void Member::learn_roles(std::string_view path) {
  tell_roles(path, [] { return true; });
}

/// One subscription at a time: this may be asked for by whoever withdraws and binds.
void Member::take_in_refused() {
  Subscriber& subscriber = publishing_.subscriber();
  const SubscriptionNumber lacking = subscriber.lacking();
  if (lacking == 0) return;
  const std::string path = publisher_path(subscriber.find(lacking)->topic);
  if (tell_roles(path, [&] { return subscriber.has_room(); })) subscriber.lacks_none(lacking);
}

Announced Member::announce(const TopicConfig& topic) {
  if (is_closed()) return {TopicResult::closed};
  Announced announced = publishing_.publisher().announce(topic);
  if (announced.result != TopicResult::done) return announced;
  const AttributeSet attributes = publisher_attributes(announced.topic, topic.kind);
  if (directory_.bind(publisher_path(topic.name), {attributes.view(), {}}) != BindResult::changed) {
    publishing_.publisher().withdraw(announced.topic);
    return {TopicResult::no_room};
  }
  learn_roles(subscriber_path(topic.name));
  return announced;
}

void Member::withdraw_topic(TopicNumber topic) {
  const Topic* found = publishing_.publisher().find(topic);
  if (found == nullptr) return;
  directory_.withdraw(publisher_path(found->config().name));
  publishing_.publisher().withdraw(topic);
}

Subscribed Member::subscribe(std::string_view topic, From from) {
  if (is_closed()) return {TopicResult::closed};
  Subscribed subscribed = publishing_.subscriber().subscribe(topic, from);
  if (subscribed.result != TopicResult::done) return subscribed;
  const AttributeSet attributes = subscriber_attributes(subscribed.subscription, from);
  if (directory_.bind(subscriber_path(topic), {attributes.view(), {}}) != BindResult::changed) {
    publishing_.subscriber().unsubscribe(subscribed.subscription);
    return {TopicResult::no_room};
  }
  learn_roles(publisher_path(topic));
  return subscribed;
}

void Member::unsubscribe(SubscriptionNumber subscription) {
  const Subscriber::Subscription* found = publishing_.subscriber().find(subscription);
  if (found == nullptr) return;
  directory_.withdraw(subscriber_path(found->topic));
  publishing_.subscriber().unsubscribe(subscription);
}

PublishOutcome Member::publish(TopicNumber topic, Packet& packet, std::uint32_t messages) {
  if (standing() != Standing::member) return {PublishResult::closed};
  return publishing_.publisher().publish(topic, packet, messages);
}

bool Member::may_publish(TopicNumber topic) const {
  const Topic* found = publishing_.publisher().find(topic);
  return standing() == Standing::member && found != nullptr && found->has_room();
}

SendResult Member::send(const Recipient& to, Packet& packet, std::uint32_t messages) {
  if (standing() != Standing::member) return SendResult::closed;
  return messaging_.send(to, packet, messages);
}

void Member::member_added(const Peer& peer) {
  directory_.add_member(peer.key, peer.endpoint);
  messaging_.add_peer(peer.key, peer.endpoint);
  events_.on_joined(peer.info());
}

void Member::member_removed(TimeNs now, const Peer& peer, RemovalReason reason) {
  paths_.end(peer.key.id);
  publishing_.remove_member(peer.key.id);
  messaging_.remove_peer(peer.key.id);
  directory_.remove_member(now, peer.info(), reason);
}

bool Member::still_leaving(MemberId id) const { return directory_.still_leaving(id); }

void Member::self_reincarnated(TimeNs now) {
  directory_.reincarnate(now, self());
  publishing_.begin_anew();
  messaging_.begin_anew();
  paths_.clear();
  publishing_.for_each_path([&](std::string_view path) { learn_roles(path); });
}

void Member::standing_changed(TimeNs now, Standing standing) {
  if (!membership_.takes_part()) {
    // Whoever hears that it is over has heard what was not delivered.
    publishing_.clear();
    messaging_.clear();
    paths_.clear();
  }
  events_.on_standing(standing);
  if (standing == Standing::member) directory_.activate(now);
}

void Member::describe_directory(wire::Heartbeat& heartbeat) const {
  heartbeat.directory_version = directory_.own().version();
  heartbeat.directory_digest = directory_.own().digest();
  heartbeat.synchronized = directory_.synchronized() ? 1 : 0;
}

MemberStats Member::stats() const {
  MemberStats stats = stats_;
  for (std::size_t type = 0; type < stats.sent.size(); ++type)
    stats.sent[type] = outbox_.sent(static_cast<wire::Type>(type));
  stats.packets_exhausted = outbox_.exhausted();
  stats.away_ns = outbox_.away_ns();
  return stats;
}

}  // namespace muster

#include "tests/cluster/support/segment.h"

#include <algorithm>
#include <array>

#include "cluster/wire/type_name.h"

namespace muster::test {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Listener.

bool Listener::has(std::string_view line) const { return count(line) > 0; }

std::size_t Listener::count(std::string_view line) const {
  return static_cast<std::size_t>(std::ranges::count(heard, line));
}

std::string Listener::name(MemberId id) const { return names->at(id); }

void Listener::on_standing(Standing standing) {
  static constexpr std::array words = {"idle", "joining", "member", "refused", "replaced", "left"};
  heard.push_back(std::string("standing ") + words[static_cast<std::size_t>(standing)]);
}
void Listener::on_joined(const MemberInfo& member) {
  heard.push_back("joined " + std::string(member.name));
}
void Listener::on_suspected(const MemberInfo& member) {
  heard.push_back("suspected " + std::string(member.name));
}
void Listener::on_refuted(const MemberInfo& member) {
  heard.push_back("refuted " + std::string(member.name));
}
void Listener::on_removed(const MemberInfo& member, RemovalReason reason) {
  static constexpr std::array words = {"left ", "died ", "replaced "};
  heard.push_back(words[static_cast<std::size_t>(reason)] + std::string(member.name));
}
void Listener::on_bound(const Binding& binding) {
  heard.push_back("bound " + name(binding.owner.id) + " " + std::string(binding.path) + "=" +
                  text(binding.value));
}
void Listener::on_withdrawn(const Binding& binding) {
  heard.push_back("withdrawn " + name(binding.owner.id) + " " + std::string(binding.path));
}
void Listener::on_batch_begin(const MemberKey& owner) {
  heard.push_back("batch " + name(owner.id));
}
void Listener::on_batch_end(const MemberKey& owner) {
  heard.push_back("end of batch " + name(owner.id));
}
void Listener::on_synchronized() { heard.emplace_back("synchronized"); }
bool Listener::on_messages(const Delivery& delivery) {
  if (accept)
    for (const wire::MessageView& message : wire::messages_in(delivery.packet.data))
      hear(delivery, message);
  return accept;
}
void Listener::hear(const Delivery& delivery, const wire::MessageView& message) {
  std::string& line = begun_[{delivery.from.id, delivery.channel}];
  if (message.first) {
    const std::string from = name(delivery.from.id);
    line = message.kind == wire::MessageKind::data ? "message " + from
           : message.kind == wire::MessageKind::request
               ? "request " + from + " " + std::string(message.path)
               : "response " + std::to_string(message.call) + " " +
                     std::to_string(static_cast<int>(message.status));
    line += " ";
  }
  line += text(message.payload);
  if (message.last) heard.push_back(line);
}
void Listener::on_undelivered(const Undelivered& undelivered) {
  heard.push_back("undelivered " + name(undelivered.to.id) + " " +
                  std::to_string(undelivered.first) + " to " +
                  std::to_string(undelivered.first + undelivered.messages - 1));
}

bool Listener::on_publication(const StreamDelivery& publication) {
  if (publications_max == 0) return false;
  --publications_max;
  const MemberKey& publisher = publication.stream.publisher;
  std::string& line = begun_of_topics_[{publisher.id, publication.stream.topic}];
  for (const wire::MessageView& message : wire::messages_in(publication.packet.data)) {
    if (message.first != line.empty()) heard.emplace_back("pieces that make no message");
    if (message.first) line = "published " + name(publisher.id) + " ";
    line += text(message.payload);
    if (!message.last) continue;
    heard.push_back(line);
    line.clear();
  }
  return true;
}
void Listener::on_stream(const StreamEvent& event) {
  const std::string line = "stream " + name(event.stream.publisher.id);
  const std::string first = std::to_string(event.first);
  switch (event.change) {
    case StreamChange::began:
      heard.push_back(line + " began " + first);
      break;
    case StreamChange::gap:
      heard.push_back(line + " gap " + first + " to " +
                      std::to_string(event.first + event.packets - 1));
      break;
    case StreamChange::dropped:
      heard.push_back(line + " dropped from " + first);
      break;
    case StreamChange::ended:
      heard.push_back(line + " ended");
      break;
    case StreamChange::refused:
      heard.push_back(line + " refused");
      break;
  }
  begun_of_topics_.erase({event.stream.publisher.id, event.stream.topic});
}
void Listener::on_subscriber(const SubscriberEvent& event) {
  static constexpr std::array words = {" joined", " left", " dropped", " refused"};
  heard.push_back("subscriber " + name(event.subscriber.id) +
                  words[static_cast<std::size_t>(event.change)]);
}

void Listener::on_path(const PathEvent& event) {
  heard.push_back("path to " + name(event.peer.id) + (event.carries ? " carries " : " loses ") +
                  std::to_string(event.bytes));
}

// Segment.

Segment::Host& Segment::start(const std::string& name,
                              const std::function<void(MemberConfig&)>& tune) {
  const auto place = static_cast<std::uint32_t>(hosts_.size() + 1);
  auto& host = *hosts_.emplace_back(std::make_unique<Host>());
  names_[member_id(name)] = name;
  host.events.names = &names_;
  host.config.name = name;
  host.config.cluster = cluster_id("test");
  host.config.incarnation = place;
  host.config.self = {0x0a4d0000 + place, 7777};
  host.config.group = group;
  host.config.seed = place;
  if (tune) tune(host.config);
  host.member = std::make_unique<Member>(host.config, host.port, host.events);
  host.member->start(now_);
  return host;
}

void Segment::crash(Host& host) {
  host.running = false;
  host.member.reset();
}

void Segment::run_for(DurationNs duration) {
  const TimeNs end = now_ + duration;
  step(now_);  // what the test has just asked for
  for (TimeNs at = next_event(); at <= end; at = next_event()) step(at);
  now_ = end;
}

bool Segment::run_until(const std::function<bool()>& done, DurationNs limit) {
  const TimeNs end = now_ + limit;
  step(now_);
  while (!done()) {
    const TimeNs at = next_event();
    if (at > end) return false;
    step(at);
  }
  return true;
}

TimeNs Segment::next_event() const {
  TimeNs next = flights_.empty() ? never_ns : flights_.begin()->first;
  for (const auto& host : hosts_)
    if (host->running) next = std::min(next, host->member->next_deadline());
  return std::max(next, now_);
}

void Segment::step(TimeNs at) {
  now_ = at;
  while (!flights_.empty() && flights_.begin()->first <= now_)
    deliver(flights_.extract(flights_.begin()).mapped());
  for (const auto& host : hosts_) {
    if (!host->running) continue;
    host->member->on_deadline(now_);
    host->member->transmit(now_);
    collect(*host);
  }
}

/// Puts what a host has transmitted on its way. Without a `delay` every packet takes as long, so
/// that they arrive in the order in which they were sent.
void Segment::collect(Host& from) {
  for (auto& sent : from.port.take_transmitted()) {
    if (sent.to == group && !from.config.multicast) {
      transcript.push_back(from.config.name + " says to the group what nobody hears");
      continue;
    }
    const auto type = wire::Type{reinterpret_cast<const wire::Header*>(sent.bytes.data())->type};
    const bool multicast = sent.to == group;
    bool recorded = false;
    for (const auto& to : hosts_) {
      const bool reached = multicast ? to->config.multicast : to->config.self == sent.to;
      if (to.get() == &from || !reached) continue;
      const Transit transit{from, *to, type, multicast, sent.bytes, sent.expendable};
      if (record(transit) && !recorded) {
        recorded = true;
        transcript.push_back(from.config.name + " -> " + (multicast ? "*" : to->config.name) + " " +
                             std::string(name_of(type)));
      }
      if (filter && !filter(transit)) continue;
      flights_.emplace(now_ + delay_ns + delay(), Flight{to.get(), from.config.self, sent.bytes});
    }
  }
}

void Segment::deliver(const Flight& flight) {
  Host& to = *flight.to;
  if (!to.running) return;
  Packet& packet = to.port.received(flight.from, flight.bytes);
  to.member->on_packet(now_, packet);
  to.port.release(packet);
}

}  // namespace muster::test

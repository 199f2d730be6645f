#include "cluster/publishing/topic.h"

#include <algorithm>

#include "cluster/messaging/message_writer.h"
#include "cluster/messaging/turns.h"

namespace muster {
namespace {

MessagingConfig window_of(MessagingConfig config, const TopicConfig& topic) {
  const auto all = static_cast<std::uint32_t>(Topic::packets_max(topic));
  config.window_packets = topic.kind == TopicKind::unreliable
                              ? 1  // nothing waits in it
                              : std::clamp<std::uint32_t>(config.window_packets, 1, all);
  config.queue_packets = topic.kind == TopicKind::unreliable ? 0 : all - config.window_packets;
  return config;
}

/// Of the message that goes on in other packets: the last one.
std::uint32_t opens_bytes(const Packet& packet) {
  std::uint32_t bytes = 0;
  for (const wire::MessageView& message : wire::messages_in(packet.data))
    bytes = message.message_bytes;
  return bytes;
}

wire::Publication& head_of(Packet& packet) {
  return *reinterpret_cast<wire::Publication*>(packet.data + sizeof(wire::Header));
}

}  // namespace

Topic::Topic(const Shared& shared, const TopicConfig& config, TopicNumber number, Sequence first)
    : shared_(shared),
      config_(config),
      number_(number),
      window_(window_of(shared.config, config)),
      next_(first),
      to_group_(first),
      history_(config.kind == TopicKind::unreliable ? 0 : config.history_packets,
               shared.outbox.port()) {}

// Followers.

Topic::Followers::const_iterator Topic::place_of(MemberId member) const {
  return std::ranges::lower_bound(followers_, member, {},
                                  [](const auto& follower) { return follower->member().id; });
}

Follower* Topic::find(MemberId member) const {
  const auto at = place_of(member);
  return at == followers_.end() || (*at)->member().id != member ? nullptr : at->get();
}

void Topic::add(const MemberKey& member, const SubscriberRole& role, Route& route) {
  const Audience& audience = shared_.outbox.audience();
  const bool reached = audience.multicast() && !audience.includes(route.endpoint);
  if (reached) ++reached_;
  begin(*followers_.insert(place_of(member.id), nullptr), {member, role, reached}, route);
}

void Topic::begin(std::unique_ptr<Follower>& place, const Follower::Identity& identity,
                  Route& route) {
  const bool from_history = !history_.empty() && (identity.role.from == From::history ||
                                                  config_.kind == TopicKind::last_value);
  const Sequence first = from_history ? history_.first() : next_;
  place = std::make_unique<Follower>(identity, *this, window_, shared_.outbox, shared_.sending,
                                     route, first);
  Follower& begins = *place;
  const bool told = config_.kind != TopicKind::unreliable;
  if (told && (from_history || !open_)) begins.begin(first, ++shared_.turns);
  if (from_history)
    history_.for_each([&](Packet& packet, std::uint32_t messages) {
      shared_.outbox.port().retain(packet);
      begins.window().push(packet, messages);
    });
  arm(begins);
  shared_.events.on_subscriber({number_, identity.member, SubscriberChange::joined});
}

void Topic::remove(MemberId member) {
  const auto at = place_of(member);
  if (at == followers_.end() || (*at)->member().id != member) return;
  const MemberKey gone = (*at)->member();
  if ((*at)->reached()) --reached_;
  followers_.erase(at);
  shared_.ways_left = true;
  shared_.events.on_subscriber({number_, gone, SubscriberChange::left});
}

void Topic::begin_anew() {
  while (has_followers()) remove(followers_.back()->member().id);
  history_.clear();
  next_ = to_group_ = 1;
  begun_ = value_ = 0;
  open_ = false;
}

std::size_t Topic::packets_held() const {
  Sequence oldest = history_.empty() ? next_ : history_.first();
  for (const auto& follower : followers_)
    if (follower->follows()) oldest = std::min(oldest, follower->window().first());
  return static_cast<std::size_t>(next_ - oldest);
}

// Publishing.

const Follower* Topic::in_the_way() const {
  if (!is_slowed()) return nullptr;
  for (const auto& follower : followers_)
    if (follower->window().full()) return follower.get();
  return nullptr;
}

std::size_t Topic::lag_packets() const {
  std::size_t lag = 0;
  for (const auto& follower : followers_) lag = std::max(lag, follower->window().held());
  return lag;
}

PublishOutcome Topic::publish(Packet& packet, std::uint32_t messages) {
  const bool begins = !continues_a_message(packet);
  if (begins == open_) return {PublishResult::out_of_turn};
  const bool goes_on = session_head(packet).messages > messages;
  if (begins && goes_on && opens_bytes(packet) > wire::message_bytes_max)
    return {PublishResult::too_large};
  if (const Follower* slow = in_the_way()) return {PublishResult::would_block, slow->member()};
  for (const auto& follower : followers_)
    if (follower->window().full()) make_room(*follower, begins);
  open_ = goes_on;
  write_head(packet);
  if (config_.kind == TopicKind::unreliable) {
    send_unreliable(packet);
  } else {
    for (const auto& follower : followers_) offer(*follower, packet, messages);
    remember(packet, messages, begins);
    shared_.outbox.port().release(packet);
  }
  ++next_;
  if (!open_) begin_those_who_wait();
  ++shared_.stats.packets_published;
  return {};
}

void Topic::make_room(Follower& follower, bool begins) {
  shared_.ways_left = true;
  if (config_.kind == TopicKind::last_value) {
    skip(follower, begins);
  } else {
    follower.drop(next_, ++shared_.turns);
    ++shared_.stats.subscribers_dropped;
    shared_.events.on_subscriber({number_, follower.member(), SubscriberChange::dropped});
  }
  arm(follower);
}

/// To the latest value, or to one that has begun since, or to the next (§9.6). It waits for that
/// only where a single value is longer than all that it may lag.
void Topic::skip(Follower& follower, bool begins) {
  ++shared_.stats.values_skipped;
  const Sequence oldest = follower.window().first();
  if (value_ > oldest)
    follower.begin(value_, ++shared_.turns);
  else if (open_ && begun_ > oldest)
    follower.begin(begun_, ++shared_.turns);
  else if (begins)
    follower.begin(next_, ++shared_.turns);
  else
    follower.wait(next_);
}

/// The messages, and how many they are, stand in the packet already. The more subscribers there
/// are, the less often each of them reports (§9.5).
void Topic::write_head(Packet& packet) {
  const auto subscribers = static_cast<std::uint32_t>(followers_.size());
  const std::uint32_t often = std::max(window_.window_packets / 4, 1U);
  wire::Publication& head = head_of(packet);
  const std::uint16_t pieces = session_head(packet).messages;
  shared_.outbox.stamp(packet, wire::Type::publication);
  head = {.topic = number_,
          .sequence = sequence_to_wire(next_),
          .report_delay_us = subscribers == 0 ? 0 : subscribers - 1,
          .report_packets = static_cast<std::uint16_t>(std::clamp(subscribers, 1U, often)),
          .messages = pieces,
          .reserved = 0};
  packet.peer = {};  // it goes to nobody yet
}

void Topic::offer(Follower& follower, Packet& packet, std::uint32_t messages) {
  if (!follower.follows()) return;
  shared_.outbox.port().retain(packet);
  follower.window().push(packet, messages);
}

/// A message begins in the next packet.
void Topic::begin_those_who_wait() {
  if (config_.kind == TopicKind::unreliable) return;
  for (const auto& follower : followers_) {
    if (!follower->waits()) continue;
    follower->begin(next_, ++shared_.turns);
    arm(*follower);
  }
}

void Topic::remember(Packet& packet, std::uint32_t messages, bool begins) {
  if (begins) begun_ = next_;
  if (messages > 0) value_ = begun_;
  history_.add(next_, packet, messages, begins);
  if (config_.kind == TopicKind::last_value && value_ != 0) history_.forget_before(value_);
}

/// As fast as it is published: what the port does not take must not cost anybody's heartbeats.
void Topic::send_unreliable(Packet& packet) {
  packet.expendable = true;
  Outbox& outbox = shared_.outbox;
  if (by_group()) {
    outbox.send_kept(packet, outbox.audience().group());
    ++shared_.stats.packets_to_group;
  }
  for (const auto& follower : followers_)
    if (!by_group() || !follower->reached()) outbox.send_kept(packet, follower->endpoint());
  outbox.port().release(packet);
}

// Sending.

bool Topic::by_group() const { return config_.multicast && reached_ >= 2; }

Sequence Topic::end_for(const Follower& follower) const {
  return by_group() && follower.reached() ? to_group_ : SendWindow::no_end;
}

bool Topic::in_step(Follower& follower) const {
  return follower.ready() && follower.reached() && follower.window().next() == to_group_;
}

/// Where subscribers slow the publisher the slowest decides; else nobody waits for another, and who
/// cannot be sent it now is sent it later, by itself.
bool Topic::group_may_go() const {
  if (!by_group() || to_group_ >= next_) return false;
  bool anybody = false;
  bool everybody = true;
  for (const auto& follower : followers_) {
    if (!in_step(*follower)) continue;
    const bool may = follower->window().may_send_new();
    anybody = anybody || may;
    everybody = everybody && may;
  }
  return anybody && (everybody || !is_slowed());
}

/// Some begin, or go on, where the group has still to come. They wait for it, as long as it may
/// come for somebody: who has been sent all before it is not to be sent by itself what lies
/// between.
void Topic::advance_group() {
  Sequence nearest = SendWindow::no_end;
  for (const auto& follower : followers_) {
    const Sequence next = follower->window().next();
    if (follower->reached() && follower->ready() && next >= to_group_ &&
        (is_slowed() || follower->window().goes_on()))
      nearest = std::min(nearest, next);
  }
  if (nearest != SendWindow::no_end) to_group_ = nearest;
}

std::uint32_t Topic::send_to_group(TimeNs now, std::uint32_t packets_max) {
  if (!by_group()) return 0;
  advance_group();
  std::uint32_t sent = 0;
  for (; sent < packets_max && group_may_go(); ++sent) {
    Packet* packet = nullptr;
    for (const auto& follower : followers_) {
      if (!in_step(*follower) || !follower->window().may_send_new()) continue;
      packet = &follower->window().next_packet();
      follower->window().sent_to_all(now);
      arm(*follower);
    }
    shared_.outbox.send_kept(*packet, shared_.outbox.audience().group());
    ++shared_.stats.packets_to_group;
    ++to_group_;
  }
  return sent;
}

std::uint32_t Topic::transmit(TimeNs now, std::uint32_t packets_max) {
  if (config_.kind == TopicKind::unreliable) return 0;
  std::uint32_t sent = send_to_group(now, packets_max);
  const std::size_t count = followers_.size();
  for (std::size_t i = 1; i <= count && sent < packets_max; ++i) {
    const std::size_t turn = (had_turn_ + i) % count;
    Follower& follower = *followers_[turn];
    follower.tell_position(now, shared_.stats);
    if (follower.ready() && follower.window().sendable(end_for(follower))) {
      sent += follower.window().transmit(
          now, std::min(packets_max - sent, turn_packets), [](Packet&, Sequence) {},
          end_for(follower));
      if (sent == packets_max) had_turn_ = turn;
    }
    arm(follower);
  }
  return sent;
}

bool Topic::sendable() const {
  return group_may_go() || std::ranges::any_of(followers_, [&](const auto& follower) {
           return follower->owes_position() ||
                  (follower->ready() && follower->window().sendable(end_for(*follower)));
         });
}

bool Topic::wants_to_send() const {
  return std::ranges::any_of(followers_, [](const auto& follower) {
    return follower->follows() && follower->window().wants_to_send();
  });
}

void Topic::on_report(TimeNs now, Follower& follower, std::uint64_t number,
                      const wire::ReportView& report) {
  switch (follower.on_report(now, number, report, to_group_)) {
    case Follower::Heard::absurd:
      ++shared_.stats.reports_absurd;
      break;
    case Follower::Heard::refuses:
      refuse(now, follower);
      break;
    case Follower::Heard::has_room:
      return begin_again(follower);
    case Follower::Heard::nothing:
    case Follower::Heard::news:
      break;
  }
  arm(follower);
}

void Topic::begin_again(const Follower& refused) {
  const Follower::Identity identity = refused.identity();
  const auto place = place_of(identity.member.id) - followers_.begin();
  begin(followers_[static_cast<std::size_t>(place)], identity, refused.route());
}

/// docs/protocol.md §9.9. Nobody waits for it until it has room.
void Topic::refuse(TimeNs now, Follower& follower) {
  follower.refuse(now, next_, ++shared_.turns);
  shared_.ways_left = true;
  shared_.events.on_subscriber({number_, follower.member(), SubscriberChange::refused});
}

void Topic::on_deadline(TimeNs now, Follower& follower) {
  follower.tell_position(now, shared_.stats);
  if (follower.window().deadline() <= now && follower.window().on_deadline(now))
    shared_.ways_left = true;
  arm(follower);
}

}  // namespace muster

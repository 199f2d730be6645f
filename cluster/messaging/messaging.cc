#include "cluster/messaging/messaging.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "cluster/messaging/turns.h"

namespace muster {
namespace {

/// So many packets are acknowledged together, and none waits for longer. Each acknowledgement costs
/// both ends what a packet costs; a sender whose window is smaller waits for this long in a round.
constexpr std::uint32_t acknowledged_together = 8;
constexpr DurationNs acknowledge_delay_ns = 2 * us;

/// What an acknowledgement can tell of, and never nothing.
MessagingConfig sound(MessagingConfig config) {
  config.window_packets = std::clamp<std::uint32_t>(config.window_packets, 1, window_packets_max);
  return config;
}

template <class Tag>
bool is_in(const Channel& channel) {
  const ChannelListHook<Tag>& hook = channel;
  return hook.is_linked();
}
template <class Tag>
void leave(Channel& channel) {
  ChannelListHook<Tag>& hook = channel;
  if (hook.is_linked()) hook.unlink();
}
template <class Tag, class List>
void enter(List& list, Channel& channel) {
  if (!is_in<Tag>(channel)) list.push_back(channel);
}

}  // namespace

Messaging::Messaging(const MessagingConfig& config, Outbox& outbox, Events& events)
    : config_(sound(config)),
      outbox_(outbox),
      events_(events),
      limit_(config.held_packets),
      shared_{config_, outbox, stats_, limit_} {}

void Messaging::add_peer(const MemberKey& peer, const Endpoint& endpoint) {
  [[maybe_unused]] const bool fresh =
      sessions_.try_emplace(peer.id, std::make_unique<Session>(peer, endpoint, config_)).second;
  assert(fresh);
}

void Messaging::remove_peer(MemberId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const auto session = std::move(found->second);
  sessions_.erase(found);
  found_last_ = nullptr;
  end(*session);
}

void Messaging::clear() {
  while (!sessions_.empty()) remove_peer(sessions_.begin()->first);
}

void Messaging::begin_anew() {
  found_last_ = nullptr;
  for (auto& [id, session] : sessions_) {
    // Whoever hears that it was not delivered may send it again at once, in the new session.
    const auto ended = std::exchange(session, std::make_unique<Session>(*session, config_));
    end(*ended);
  }
}

void Messaging::end(Session& session) {
  session.for_each([&](Channel& channel) {
    take_in(channel.heard.at_ns, channel);
    packets_to_send_ -= channel.sending().held();
    const std::uint64_t delivered = channel.sending().messages_acknowledged();
    const std::uint64_t messages = channel.sending().messages_pushed() - delivered;
    if (messages == 0) return;
    stats_.messages_undelivered += messages;
    events_.on_undelivered({session.peer(), channel.id(), delivered + 1, messages});
  });
}

bool Messaging::on_session(TimeNs now, const wire::Header& header, const wire::SessionView& view,
                           Packet& packet) {
  Session* session = find(MemberId{std::uint64_t{header.sender}});
  if (session == nullptr || session->peer().incarnation != header.incarnation ||
      view.body->receiver_incarnation != outbox_.sender().self.incarnation) {
    ++stats_.packets_unknown;
    return false;
  }
  const ChannelId id = view.body->channel;
  Channel* channel = session->find(id);
  if (channel == nullptr) {
    if (view.body->acknowledged != 0 || !view.selective.empty()) {
      ++stats_.acknowledgements_absurd;
      return false;
    }
    channel = &open(*session, id);
  }
  const wire::Acknowledgement said = acknowledgement_of(view);
  bool way_has_changed = false;
  if (channel->sending().can_wait(said)) {
    keep(now, *channel, header.packet_number, said);
  } else {
    way_has_changed = take_in(now, *channel);
    bool sound = true;
    acknowledge(now, *channel, [&](SendWindow& sending) {
      sound = sending.acknowledge(now, header.packet_number, said);
    });
    if (!sound) {
      ++stats_.acknowledgements_absurd;
      return way_has_changed;
    }
    way_has_changed = true;
  }
  if (view.body->sequence != 0) receive(now, *channel, view, packet);
  return way_has_changed;
}

template <class TakeIn>
void Messaging::acknowledge(TimeNs now, Channel& channel, TakeIn&& f) {
  SendWindow& sending = channel.sending();
  const std::size_t held = sending.held();
  f(sending);
  if (const std::size_t left = sending.held(); left != held) {
    packets_to_send_ -= held - left;
    enter<HasMoved>(moved_, channel);
  }
  timers_.arm(channel, sending.deadline());
  way_has_changed(now, channel.session());
}

/// The last says what all before it said.
void Messaging::keep(TimeNs now, Channel& channel, std::uint64_t number,
                     const wire::Acknowledgement& said) {
  SendWindow::Heard& kept = channel.heard;
  const bool first = !is_in<HasNews>(channel);
  if (!first && number < kept.number) return;
  if (first || said.acknowledged != kept.said.acknowledged)
    kept = channel.sending().hear(now, number, said);
  kept.number = number;
  kept.said = said;
  kept.said.selective = {};
  if (first) fresh_news_.push_back(channel);
  settle_ns_ = std::min(settle_ns_, now + 1);
}

bool Messaging::take_in(TimeNs now, Channel& channel) {
  if (!is_in<HasNews>(channel)) return false;
  leave<HasNews>(channel);
  acknowledge(now, channel, [&](SendWindow& sending) { sending.take_in(now, channel.heard); });
  return true;
}

/// Once more after it has taken in anything: there may be more to send, and room for more.
bool Messaging::settle(TimeNs now) {
  const bool any = !news_.empty();
  while (!news_.empty()) take_in(now, news_.front());
  news_.splice(news_.end(), fresh_news_);
  settle_ns_ = any || !news_.empty() ? now + 1 : never_ns;
  return any;
}

void Messaging::receive(TimeNs now, Channel& channel, const wire::SessionView& view,
                        Packet& packet) {
  ReceiveWindow& window = channel.receiving();
  if (window.may_pass(view.body->sequence) && offer(channel, packet, view.opens_bytes)) {
    window.pass();
    ++stats_.packets_delivered;
    return owe(now, channel, 1);
  }
  // Also what is not new is acknowledged: the word that it had come may be lost.
  owe(now, channel, acknowledged_together);
  switch (window.receive(view.body->sequence, packet, view.opens_bytes)) {
    case ReceiveWindow::Receipt::held:
      if (!window.refused()) deliver(now, channel);
      break;
    case ReceiveWindow::Receipt::duplicate:
      ++stats_.packets_duplicate;
      break;
    case ReceiveWindow::Receipt::outside:
      ++stats_.packets_outside_window;
      break;
    case ReceiveWindow::Receipt::no_room:
      ++stats_.packets_without_room;
      break;
  }
}

/// Also packets of other channels to the peer may have been overtaken, or have waited for the way
/// to be free.
void Messaging::way_has_changed(TimeNs now, Session& session) {
  session.for_each_in_turn([&](Channel& any) {
    if (!is_in<HasNews>(any)) any.sending().find_lost(now);  // which may be that it has come
    if (any.sending().sendable()) enter<MaySend>(may_send_, any);
  });
}

void Messaging::way_has_changed(TimeNs now, MemberId id) {
  if (Session* session = find(id)) way_has_changed(now, *session);
}

void Messaging::ways_have_changed(TimeNs now) {
  for (auto& [id, session] : sessions_) way_has_changed(now, *session);
  if (!may_send_.empty()) go_on_ns_ = std::min(go_on_ns_, now + 1);
}

Route* Messaging::route(MemberId id) const {
  Session* session = find(id);
  return session == nullptr ? nullptr : &session->route();
}

void Messaging::begin_use(MemberId id) {
  if (Session* session = find(id); session != nullptr && session->begin_use()) begun_.push_back(id);
}

Channel& Messaging::open(Session& session, ChannelId id) {
  if (session.begin_use()) begun_.push_back(session.peer().id);
  return session.open(shared_, id);
}

bool Messaging::offer(Channel& channel, Packet& packet, std::uint32_t opens_bytes) {
  const std::uint32_t begun_bytes = channel.begun().bytes_after(packet, opens_bytes);
  if (!events_.on_messages({channel.session().peer(), channel.id(), packet, opens_bytes}))
    return false;
  channel.begun().set_bytes(begun_bytes);
  return true;
}

void Messaging::owe(TimeNs now, Channel& channel, std::uint32_t packets) {
  ChannelListHook<OwesAcknowledgement>& hook = channel;
  if (!hook.is_linked()) {
    channel.owed = {.since_ns = now};
    owing_acknowledgement_.push_back(channel);
  }
  const bool was_due = channel.owed.packets >= acknowledged_together;
  channel.owed.packets += packets;
  if (was_due || channel.owed.packets < acknowledged_together) return;
  hook.unlink();
  due_acknowledgement_.push_back(channel);
}

void Messaging::deliver(TimeNs now, Channel& channel) {
  const std::uint32_t accepted =
      channel.receiving().deliver([&](Packet& packet, std::uint32_t opens_bytes) {
        return offer(channel, packet, opens_bytes);
      });
  stats_.packets_delivered += accepted;
  if (accepted > 0) owe(now, channel, acknowledged_together);
  if (channel.receiving().refused()) {
    ++stats_.deliveries_refused;
    enter<OwesDelivery>(owing_delivery_, channel);
  } else {
    leave<OwesDelivery>(channel);
  }
}

TimeNs Messaging::next_deadline() const {
  return std::min({timers_.next_ns(), go_on_ns_, settle_ns_});
}

bool Messaging::on_deadline(TimeNs now) {
  bool freed = false;
  while (Channel* channel = timers_.pop(now)) {
    channel->session().for_each([&](Channel& any) { freed |= take_in(now, any); });
    if (channel->sending().deadline() <= now && channel->sending().on_deadline(now)) {
      way_has_changed(now, channel->session());
      freed = true;
    }
    timers_.arm(*channel, channel->sending().deadline());
  }
  return freed;
}

void Messaging::transmit(TimeNs now) {
  for (auto at = owing_delivery_.begin(); at != owing_delivery_.end();) deliver(now, *at++);
  send_data(now);
  send_acknowledgements(now);
}

void Messaging::send_data(TimeNs now) {
  std::uint32_t left = transmit_packets;
  while (!may_send_.empty() && left > 0) {
    Channel& channel = may_send_.front();
    may_send_.pop_front();
    const std::uint32_t sent = channel.transmit(now, std::min(left, turn_packets));
    if (sent > 0) {
      channel.session().had_turn(channel.id());
      enter<HasMoved>(moved_, channel);
    }
    left -= sent;
    timers_.arm(channel, channel.sending().deadline());
    if (channel.sending().sendable()) may_send_.push_back(channel);
  }
  go_on_ns_ = may_send_.empty() ? never_ns : now + 1;  // in the next cycle
}

void Messaging::send_acknowledgements(TimeNs now) {
  auto& owing = owing_acknowledgement_;
  auto& due = due_acknowledgement_;
  while (!owing.empty() && now >= owing.front().owed.since_ns + acknowledge_delay_ns)
    due.splice(due.end(), owing, owing.begin());
  for (; !due.empty() && due.front().send_acknowledgement(); due.pop_front())
    ++stats_.acknowledgements_sent;
  // Without a packet to write they wait.
  if (!due.empty()) go_on_ns_ = std::min(go_on_ns_, now + config_.retransmit_min_ns);
  if (!owing.empty())
    go_on_ns_ = std::min(go_on_ns_, owing.front().owed.since_ns + acknowledge_delay_ns);
}

SendResult Messaging::send(const Recipient& to, Packet& packet, std::uint32_t messages) {
  if (to.channel >= wire::channels) return SendResult::no_such_channel;
  Session* session = find(to.member.id);
  if (session == nullptr || session->peer() != to.member) return SendResult::not_connected;
  Channel& channel = open(*session, to.channel);
  enter<HasMoved>(moved_, channel);
  if (!channel.goes_on_with(packet)) return abandon(channel, packet, messages);
  if (channel.sending().full()) return SendResult::blocked(Exhausted::channel);
  packet.peer = session->route().endpoint;
  channel.push(packet, messages);
  ++packets_to_send_;
  stats_.messages_sent += messages;
  if (channel.sending().sendable()) enter<MaySend>(may_send_, channel);
  return SendResult::sent;
}

/// The message that it goes on with began in a session that has ended: nobody can make it whole.
SendResult Messaging::abandon(Channel& channel, Packet& packet, std::uint32_t messages) {
  outbox_.port().release(packet);
  if (messages == 0) return SendResult::sent;
  const std::uint64_t first = channel.sending().messages_pushed() + 1;
  channel.sending().skip(messages);
  stats_.messages_undelivered += messages;
  events_.on_undelivered({channel.session().peer(), channel.id(), first, messages});
  return SendResult::sent;
}

bool Messaging::may_send(const Recipient& to, bool goes_on, std::size_t unsent) const {
  if (!crowded(unsent)) return true;
  const std::size_t held = packets_to_send(to);
  return (may_send(unsent) && held < crowded_packets) || (goes_on && held == 0);
}

std::size_t Messaging::packets_to_send(const Recipient& to) const {
  const Channel* channel = find(to);
  return channel == nullptr ? 0 : channel->sending().held();
}

std::uint32_t Messaging::begun_bytes(const Recipient& from) const {
  const Session* session = find(from.member.id);
  if (session == nullptr || session->peer() != from.member) return 0;
  const Channel* channel = session->find(from.channel);
  return channel == nullptr ? 0 : channel->begun().bytes();
}

std::optional<DurationNs> Messaging::round_trip_ns(MemberId id) const {
  const Session* session = find(id);
  if (session == nullptr) return std::nullopt;
  return session->route().round_trip.smoothed_ns();
}

std::uint32_t Messaging::packets_in_flight(MemberId id) const {
  const Session* session = find(id);
  return session == nullptr ? 0 : session->route().in_flight;
}

const Channel* Messaging::find(const Recipient& to) const {
  const Session* session = find(to.member.id);
  return session == nullptr ? nullptr : session->find(to.channel);
}

Session* Messaging::find(MemberId id) const {
  if (found_last_ != nullptr && found_last_->peer().id == id) return found_last_;
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  return found_last_ = found->second.get();
}

}  // namespace muster

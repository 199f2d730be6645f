#include "cluster/publishing/stream.h"

#include <algorithm>

namespace muster {
namespace {

/// While one is missing the publisher is told sooner: so many later ones show that it is lost
/// (docs/protocol.md §7.4).
constexpr std::uint32_t report_gap_packets = 3;

}  // namespace

Stream::Stream(const Shared& shared, const StreamKey& key, const Endpoint& publisher,
               TopicKind kind, SubscriptionNumber subscription, std::string_view topic)
    : shared_(shared),
      key_(key),
      publisher_(publisher),
      kind_(kind),
      subscription_(subscription),
      topic_(topic) {}

void Stream::tell(StreamChange change, Sequence first, Sequence packets) {
  begun_.set_bytes(0);  // what had begun of a message is nothing
  shared_.events.on_stream({.stream = key_,
                            .subscription = subscription_,
                            .topic = topic_,
                            .change = change,
                            .first = static_cast<std::uint64_t>(first),
                            .packets = static_cast<std::uint64_t>(packets)});
}

void Stream::begin(Sequence first) {
  window_.emplace(shared_.config.window_packets, shared_.outbox.port(), shared_.limit, first);
  tell(StreamChange::began, first);
}

void Stream::on_position(const wire::Position& position) {
  if (position.turn < turn_) return;  // a newer one has come before it
  owes_report_ = true;
  if (position.turn == turn_) return;
  turn_ = position.turn;
  const auto kind = wire::PositionKind{position.kind};
  if (dropped_ || kind == wire::PositionKind::asks) return;  // there is room: the report says so
  const auto first = static_cast<Sequence>(std::uint64_t{position.first});
  if (kind == wire::PositionKind::dropped) {
    const Sequence missing = window_ ? window_->delivered() + 1 : first;
    dropped_ = true;
    window_.reset();
    return tell(StreamChange::dropped, missing);
  }
  if (!window_) return begin(first);
  const Sequence missing = window_->delivered() + 1;
  if (first <= missing) return;
  window_->skip_to(first);
  tell(StreamChange::gap, missing, first - missing);
}

bool Stream::on_publication(TimeNs now, const wire::PublicationView& view, Packet& packet) {
  if (kind_ == TopicKind::unreliable) return on_unreliable(view, packet);
  if (!window_) return false;
  count_for_report(now, *view.body);
  switch (window_->receive(view.body->sequence, packet, view.opens_bytes)) {
    case ReceiveWindow::Receipt::held:
      break;
    case ReceiveWindow::Receipt::duplicate:
      ++shared_.stats.packets_duplicate;
      break;
    case ReceiveWindow::Receipt::outside:
      ++shared_.stats.packets_outside_window;
      break;
    case ReceiveWindow::Receipt::no_room:
      ++shared_.stats.packets_without_room;
      break;
  }
  return true;
}

/// docs/protocol.md §9.5. The jitter spreads the reports of all who hear the same packet.
void Stream::count_for_report(TimeNs now, const wire::Publication& head) {
  const std::uint32_t asked = std::max<std::uint32_t>(head.report_packets, 1);
  const bool gap = window_->selective_words() > 0;
  if (++packets_to_report_ >= (gap ? std::min(asked, report_gap_packets) : asked)) {
    owes_report_ = true;
  } else if (report_due_ns_ == never_ns) {
    const DurationNs delay_ns =
        std::min<DurationNs>(head.report_delay_us * us, shared_.config.retransmit_max_ns / 2);
    report_due_ns_ = now + delay_ns - shared_.random.below(delay_ns / 2 + 1);
  }
}

bool Stream::offer(Packet& packet, std::uint32_t opens_bytes) {
  const std::uint32_t begun_bytes = begun_.bytes_after(packet, opens_bytes);
  const bool taken = shared_.events.on_publication({key_, subscription_, packet, opens_bytes});
  if (taken) begun_.set_bytes(begun_bytes);
  ++(taken ? shared_.stats.packets_delivered : shared_.stats.deliveries_refused);
  return taken;
}

bool Stream::deliver() {
  if (!window_) return true;
  const bool waited = window_->refused();
  const std::uint32_t accepted = window_->deliver(
      [&](Packet& packet, std::uint32_t opens_bytes) { return offer(packet, opens_bytes); });
  if (waited && accepted > 0) owes_report_ = true;  // there is room again
  return !window_->refused();
}

/// docs/protocol.md §9.7.
bool Stream::on_unreliable(const wire::PublicationView& view, Packet& packet) {
  const Sequence at = newest_ == 0 ? Sequence{view.body->sequence}
                                   : sequence_from_wire(view.body->sequence, newest_ + 1);
  if (newest_ != 0 && at <= newest_) {
    ++shared_.stats.packets_broken;
    return true;
  }
  if (newest_ == 0) tell(StreamChange::began, at);
  if (newest_ != 0 && at != newest_ + 1) tell(StreamChange::gap, newest_ + 1, at - newest_ - 1);
  broken_ = broken_ || at != newest_ + 1;
  newest_ = at;
  if (broken_ && !view.messages.begin()->first) {
    ++shared_.stats.packets_broken;
    return true;
  }
  broken_ = !offer(packet, view.opens_bytes);
  if (broken_) tell(StreamChange::gap, at, 1);
  return true;
}

bool Stream::send_report() {
  Packet* packet = shared_.outbox.open(wire::Type::report);
  if (packet == nullptr) return false;
  wire::Report& report =
      append(*packet, wire::Report{.receiver_incarnation = key_.publisher.incarnation,
                                   .topic = key_.topic,
                                   .turn = turn_,
                                   .acknowledged = 0,
                                   .window_packets = 0,
                                   .away = shared_.outbox.away(),
                                   .kind = static_cast<std::uint8_t>(wire::ReportKind::follows),
                                   .selective_words = 0});
  if (window_) {
    window_->describe(report);
    window_->append_selective(*packet, report);
  }
  shared_.outbox.send(*packet, publisher_);
  ++shared_.stats.reports_sent;
  owes_report_ = false;
  packets_to_report_ = 0;
  report_due_ns_ = never_ns;
  return true;
}

}  // namespace muster

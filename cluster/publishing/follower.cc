#include "cluster/publishing/follower.h"

#include <algorithm>

#include "cluster/publishing/topic.h"

namespace muster {
namespace {

constexpr unsigned doublings_max = 16;
/// Who refuses is asked as often as this many of the longest timeouts pass: room comes seldom, and
/// many may have none.
constexpr DurationNs ask_timeouts = 4;

}  // namespace

void Follower::begin(Sequence first, std::uint64_t turn) {
  window_.skip_to(first);
  state_ = State::follows;
  give_position(wire::PositionKind::follows, first, turn);
}

void Follower::drop(Sequence next, std::uint64_t turn) {
  window_.skip_to(next);
  state_ = State::dropped;
  give_position(wire::PositionKind::dropped, next, turn);
}

void Follower::refuse(TimeNs now, Sequence next, std::uint64_t turn) {
  window_.skip_to(next);
  state_ = State::refused;
  give_position(wire::PositionKind::asks, next, turn);
  position_due_ns_ = now + ask_timeouts * timeout_max_ns_;
}

void Follower::give_position(wire::PositionKind kind, Sequence first, std::uint64_t turn) {
  kind_ = kind;
  first_ = first;
  turn_ = turn;
  if (first_turn_ == 0) first_turn_ = turn;
  times_told_ = 0;
  position_due_ns_ = 0;
}

void Follower::tell_position(TimeNs now, PublishingStats& stats) {
  if (now < position_due_ns_) return;
  Packet* packet = outbox_.open(wire::Type::position);
  const DurationNs once_ns = route_.round_trip.timeout_ns();
  if (packet == nullptr) {
    position_due_ns_ = now + once_ns;
    return;
  }
  append(*packet, wire::Position{.receiver_incarnation = member().incarnation,
                                 .topic = topic_.number(),
                                 .subscription = subscription(),
                                 .turn = turn_,
                                 .first = static_cast<std::uint64_t>(first_),
                                 .kind = static_cast<std::uint8_t>(kind_)});
  outbox_.send(*packet, endpoint());
  ++stats.positions_sent;
  const DurationNs again_ns = std::min(once_ns << std::min(times_told_++, doublings_max),
                                       std::max(timeout_max_ns_, once_ns));
  position_due_ns_ = now + (refused() ? ask_timeouts * timeout_max_ns_ : again_ns);
}

Follower::Heard Follower::on_report(TimeNs now, std::uint64_t number,
                                    const wire::ReportView& report, Sequence to_all) {
  if (turn_ == 0 || report.body->turn > turn_) return Heard::absurd;
  if (report.body->turn < first_turn_) return Heard::nothing;  // of an earlier subscription
  if (refused() || wire::ReportKind{report.body->kind} == wire::ReportKind::refuses)
    return on_word_of_room(*report.body);
  // What it says of its place is looked at first: a report that is absurd tells nothing at all.
  if (!dropped() && !window_.acknowledge(now, number, wire::acknowledgement_of(report), to_all))
    return Heard::absurd;
  begun_ = true;
  if (report.body->turn == turn_) position_due_ns_ = never_ns;
  return Heard::news;
}

/// Only the answer to the newest position counts, and nobody refuses what it has begun to follow:
/// such a report was late.
Follower::Heard Follower::on_word_of_room(const wire::Report& report) const {
  const bool answers = report.turn == turn_ && times_told_ > 0;
  const bool refuses = wire::ReportKind{report.kind} == wire::ReportKind::refuses;
  if (!answers || begun_ || refuses == refused()) return Heard::nothing;
  return refuses ? Heard::refuses : Heard::has_room;
}

}  // namespace muster

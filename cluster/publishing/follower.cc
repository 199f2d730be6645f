#include "cluster/publishing/follower.h"

#include <algorithm>

#include "cluster/publishing/topic.h"

namespace muster {
namespace {

constexpr unsigned doublings_max = 16;

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
  position_due_ns_ = now + std::min(once_ns << std::min(times_told_++, doublings_max),
                                    std::max(timeout_max_ns_, once_ns));
}

Follower::Heard Follower::on_report(TimeNs now, std::uint64_t number,
                                    const wire::ReportView& report, Sequence to_all) {
  if (turn_ == 0 || report.body->turn > turn_) return Heard::absurd;
  if (report.body->turn < first_turn_) return Heard::nothing;  // of an earlier subscription
  // What it says of its place is looked at first: a report that is absurd tells nothing at all.
  if (!dropped() && !window_.acknowledge(now, number, wire::acknowledgement_of(report), to_all))
    return Heard::absurd;
  begun_ = true;
  if (report.body->turn == turn_) position_due_ns_ = never_ns;
  return Heard::news;
}

}  // namespace muster

#include "cluster/messaging/delay_control.h"

#include <algorithm>
#include <cmath>

namespace muster {
namespace {

/// A round with fewer samples goes on: of two or three, all may be late by chance.
constexpr std::uint32_t samples_min = 4;
/// One step takes half of the window at most.
constexpr double kept_min = 0.5;
/// Of the share by which a round trip exceeds the target.
constexpr double decrease_by_delay = 0.8;
/// More is no accident of the line, as in draft-cardwell-iccrg-bbr-congestion-control-02, 2.8. Two
/// packets are forgiven: of a small window they are a large share.
constexpr double heavy_loss_share = 0.02;
constexpr std::uint32_t loss_forgiven_packets = 2;
/// Those who lost that much leave room for as much again.
constexpr double decrease_by_heavy_loss = 2;
/// Of what is lost beside a queue, which may be one that overflows.
constexpr double decrease_beside_queue = 3;
/// After so many quiet rounds the line has got room, and growth is a share of the window: the
/// hyperactive increase of TIMELY (Mittal et al., SIGCOMM 2015).
constexpr std::uint32_t quiet_rounds_min = 5;
constexpr double growth_when_quiet = 1.0 / 16;
/// Enough to go on measuring, and for a loss to be overtaken.
constexpr double few_packets = 4;
/// A look ends the queue of its own sender in the first of these, and sees the line in the second.
constexpr DurationNs targets_per_look = 2;
/// A cut to less than this says that somebody has come to the line, whose only measure is the queue
/// of the others: all look, as he does. So often at most as is divided here.
constexpr double kept_when_crowded = 0.95;
constexpr DurationNs early_look_divisor = 8;
constexpr DurationNs looks_per_half = 4;

}  // namespace

DelayControl::DelayControl(const CongestionConfig& config)
    : config_(config), lowest_(config.lowest_kept_ns), window_(config.window_packets_start) {}

std::uint32_t DelayControl::window_packets() const {
  return static_cast<std::uint32_t>(looking() ? std::min(window_, few_packets) : window_);
}

DurationNs DelayControl::margin_ns() const {
  return std::max(config_.delay_margin_ns, lowest_.ns() / 4);
}

DurationNs DelayControl::target_ns() const {
  // Small windows are given more, as in Swift: many senders need a longer queue, and of two whose
  // lowest round trips differ by a mistake the one that has less gains.
  const double factor = 1 + std::min(1.0, 2 / std::sqrt(window_));
  return lowest_.ns() + static_cast<DurationNs>(factor * static_cast<double>(margin_ns()));
}

bool DelayControl::quiet(DurationNs round_trip_ns) const {
  return round_trip_ns <= lowest_.ns() + margin_ns() / 4;
}

void DelayControl::on_acknowledged(TimeNs now, std::uint32_t packets,
                                   const std::optional<RoundTrip>& round_trip,
                                   std::uint32_t in_flight) {
  timeouts_ = 0;
  if (round_trip) {
    lowest_.sample(now, round_trip->ns);
    // A process that was not scheduled is no queue.
    const DurationNs line_ns =
        round_trip->ns - std::min(round_trip->away_ns, round_trip->ns - lowest_.ns());
    if (round_trip->ns <= lowest_.ns() + margin_ns() / 8) lowest_seen(now);
    ++round_.samples;
    round_.lowest_ns = std::min(round_.lowest_ns, line_ns);
    // A window that is not used says nothing about a larger one.
    if (!looking() && in_flight >= window_packets() / 2) grow(packets, line_ns);
  }
  if (!round_.begun) {
    round_.begun = true;
    round_.awaited = in_flight;
  }
  round_.acknowledged += packets;
  round_.awaited -= std::min(round_.awaited, packets);
  if (round_.awaited == 0) {
    round_.begun = false;
    if (round_.samples + round_.lost >= samples_min) {
      if (!looking()) judge(round_);
      round_ = {};
    }
  }
  look(now);
}

void DelayControl::grow(std::uint32_t packets, DurationNs round_trip_ns) {
  double more = 0;
  if (window_ < known_to_fit_) {
    more = std::min<double>(packets, known_to_fit_ - window_);
  } else if (starting_) {
    more = quiet(round_trip_ns) ? packets : 0;
  } else if (round_trip_ns <= target_ns()) {
    const double share = quiet_rounds_ >= quiet_rounds_min ? growth_when_quiet : 0;
    more = packets * std::max(share, 1 / window_);
  }
  window_ = std::min<double>(window_ + more, config_.window_packets_max);
}

void DelayControl::judge(const Round& round) {
  const bool queue = round.samples > 0 && !quiet(round.lowest_ns);
  const bool heavy_loss =
      round.lost > loss_forgiven_packets + heavy_loss_share * round.acknowledged;
  if (!queue && round.lost > 0) doubt_.raised = true;
  if (starting_ && (queue || heavy_loss)) {
    starting_ = false;
    look_after_ns_ = 0;  // whoever came to a line in use knows its queue only
  }
  quiet_rounds_ = queue || round.lost > 0 ? 0 : quiet_rounds_ + 1;
  // The packets of the first round after a cut had been sent before it.
  if (++rounds_since_cut_ >= 2) {
    if (const double kept = kept_after(round, queue, heavy_loss); kept < 1) {
      window_ = std::max(window_ * kept, 1.0);
      known_to_fit_ *= kept;
      rounds_since_cut_ = 0;
      if (kept < kept_when_crowded) {
        look_after_ns_ = std::min(look_after_ns_, look_interval_ns() / early_look_divisor);
      }
    }
  }
  round_before_ns_ = round.samples > 0 ? round.lowest_ns : 0;
}

double DelayControl::kept_after(const Round& round, bool queue, bool heavy_loss) const {
  double kept = 1;
  // Both rounds: all that is under way is late when a process was not scheduled, but only once.
  if (const DurationNs both_ns = std::min(round.lowest_ns, round_before_ns_);
      both_ns > target_ns()) {
    kept = 1 - decrease_by_delay * static_cast<double>(both_ns - target_ns()) /
                   static_cast<double>(both_ns);
  }
  // Where a queue overflows, little is lost, and only by what one round adds to it.
  const double lost = static_cast<double>(round.lost) / (round.acknowledged + round.lost);
  if (queue) kept = std::min(kept, 1 - decrease_beside_queue * lost);
  if (heavy_loss) kept = std::min(kept, 1 - decrease_by_heavy_loss * lost);
  return std::max(kept, kept_min);
}

DurationNs DelayControl::look_interval_ns() const { return lowest_.half_ns() / looks_per_half; }

void DelayControl::lowest_seen(TimeNs now) {
  lowest_seen_ns_ = now;
  look_after_ns_ = look_interval_ns();
}

bool DelayControl::due_to_look(TimeNs now) const {
  return now - lowest_seen_ns_ >= look_after_ns_ ||
         (doubt_.raised && now - doubt_.looked_ns >= doubt_.look_after_ns);
}

/// A line that loses packets by itself raises the doubt again and again, for nothing.
void DelayControl::settle_doubt(TimeNs now) {
  const DurationNs early_ns = look_interval_ns() / early_look_divisor;
  if (lowest_.ns() + margin_ns() / 8 < doubt_.lowest_ns)
    doubt_.look_after_ns = early_ns;
  else if (doubt_.raised)
    doubt_.look_after_ns = std::clamp(2 * doubt_.look_after_ns, early_ns, look_interval_ns());
  doubt_.raised = false;
  doubt_.looked_ns = now;
}

void DelayControl::look(TimeNs now) {
  if (looking()) {
    if (now < look_until_ns_) return;
    look_until_ns_ = 0;
    settle_doubt(now);
    lowest_seen(now);
    known_to_fit_ = std::max(known_to_fit_, window_);
    window_ = std::min(window_, few_packets);
    round_ = {};
    rounds_since_cut_ = 0;
  } else if (lowest_.known() && due_to_look(now)) {
    doubt_.lowest_ns = lowest_.ns();
    look_until_ns_ = now + targets_per_look * target_ns();
  }
}

void DelayControl::on_lost(TimeNs, std::uint32_t packets) {
  round_.lost += packets;
  round_.awaited -= std::min(round_.awaited, packets);
}

void DelayControl::on_timeout(TimeNs) {
  round_ = {};
  round_before_ns_ = 0;
  // The first is more often a process that was not scheduled than a line that is full.
  switch (++timeouts_) {
    case 1:
      known_to_fit_ = std::max(known_to_fit_, window_) * 3 / 4;
      window_ = std::max(window_ * 3 / 4, 1.0);
      break;
    case 2:
      window_ = std::max(window_ / 2, 1.0);
      break;
    default:
      starting_ = false;
      window_ = std::min(window_, few_packets);
  }
}

}  // namespace muster

#include "cluster/messaging/send_window.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace muster {
namespace {

/// What so many later ones have overtaken is taken for lost (docs/protocol.md §7.4).
constexpr std::uint64_t overtaken_by = 3;
constexpr unsigned doublings_max = 16;
/// So long a line is found out about, however short it was thought to be.
constexpr DurationNs round_trip_max_ns = 800 * ms;

/// The highest that the acknowledgement speaks of as received.
Sequence highest_in(const wire::Acknowledgement& said, Sequence acknowledged) {
  for (std::size_t word = said.selective.size(); word-- > 0;)
    if (const std::uint64_t bits = said.selective[word]; bits != 0)
      return acknowledged + static_cast<Sequence>(64 * word) +
             static_cast<Sequence>(std::bit_width(bits));
  return acknowledged;
}

}  // namespace

SendWindow::SendWindow(const MessagingConfig& config, Outbox& outbox, MessagingStats& stats,
                       Route& route, std::uint64_t messages_before, Sequence first)
    : outbox_(outbox),
      stats_(stats),
      route_(route),
      window_packets_(config.window_packets),
      queue_packets_(config.queue_packets),
      timeout_max_ns_(config.retransmit_max_ns),
      origin_(first),
      first_(first),
      next_(first),
      end_(first),
      limit_(first - 1 + config.window_packets),
      messages_pushed_(messages_before),
      messages_acknowledged_(messages_before),
      received_(window_packets_),
      lost_(window_packets_),
      slots_(std::bit_ceil(window_packets_ + queue_packets_)) {}

SendWindow::~SendWindow() {
  route_.in_flight -= static_cast<std::uint32_t>(in_flight_.size());
  for (Sequence at = first_; at < end_; ++at) outbox_.port().release(*slot(at).packet);
}

void SendWindow::push(Packet& packet, std::uint32_t messages) {
  assert(!full());
  Slot& last = slot(end_);
  last.packet = &packet;
  last.sequence = end_++;
  last.messages = messages;
  last.again = false;
  messages_pushed_ += messages;
}

/// They count with the packet before them, if that is here still.
void SendWindow::skip(std::uint32_t messages) {
  messages_pushed_ += messages;
  if (held() == 0)
    messages_acknowledged_ += messages;
  else
    slot(end_ - 1).messages += messages;
}

/// For what lies beyond the credit the peer has no room: its turn comes with the credit.
bool SendWindow::may_resend() const {
  if (lost_count_ == 0 || silent() || !route_.open()) return false;
  const Sequence at = lost_.find(first_, next_);
  return at <= limit_ || at == first_;
}

/// A peer without room is still sent one packet, alone: the probe (docs/protocol.md §7.3).
bool SendWindow::may_send_new() const {
  return next_ < end_ && under_way() < window_packets_ && (next_ <= limit_ || next_ == first_) &&
         !silent() && route_.open();
}

bool SendWindow::sendable(Sequence end) const {
  return may_resend() || (next_ < end && may_send_new());
}

DurationNs SendWindow::timeout_ns() const {
  const DurationNs once_ns = std::max(route_.round_trip.timeout_ns(), kept_ns_);
  return std::min(once_ns << std::min(timeouts_, doublings_max),
                  std::max(timeout_max_ns_, 2 * once_ns));
}

void SendWindow::arm(TimeNs now) { deadline_ = first_ < next_ ? now + timeout_ns() : never_ns; }

bool SendWindow::is_sound(const wire::Acknowledgement& said, Sequence overheard) const {
  const Sequence acknowledged = sequence_from_wire(said.acknowledged, first_ - 1);
  const Sequence known_end = std::min(std::max(next_, overheard), end_);
  return acknowledged >= origin_ - 1 && highest_in(said, acknowledged) < known_end;
}

bool SendWindow::acknowledge(TimeNs now, std::uint64_t number, const wire::Acknowledgement& said,
                             Sequence overheard) {
  if (!is_sound(said, overheard)) return false;
  take_in(now, hear(now, number, said));
  return true;
}

SendWindow::Heard SendWindow::hear(TimeNs now, std::uint64_t number,
                                   const wire::Acknowledgement& said) {
  route_.hear_away(number, said.away);
  return {now, away_ns(), route_.in_flight, number, said};
}

void SendWindow::take_in(TimeNs now, const Heard& heard) {
  const wire::Acknowledgement& said = heard.said;
  const Sequence acknowledged = sequence_from_wire(said.acknowledged, first_ - 1);
  if (acknowledged < first_ - 1) return;  // a later one has come before it

  if (heard.number > newest_said_) {
    newest_said_ = heard.number;
    limit_ = acknowledged + said.window_packets;
  }
  const bool progress = acknowledged >= first_;
  News news;
  for (; first_ <= acknowledged; release_oldest())
    if (first_ < next_) hear_of(heard, first_, news);
  for (std::size_t word = 0; word < said.selective.size(); ++word) {
    const Sequence base = acknowledged + 1 + static_cast<Sequence>(64 * word);
    std::uint64_t fresh = said.selective[word] & ~received_.from(base);
    for (; fresh != 0; fresh &= fresh - 1) {
      const Sequence at = base + std::countr_zero(fresh);
      if (at >= first_ + static_cast<Sequence>(window_packets_)) break;
      if (at < next_) hear_of(heard, at, news);
      received_.set(at);
    }
  }
  if (news.packets > 0) {
    measure(news);
    route_.congestion->on_acknowledged(now, news.packets, news.round_trip,
                                       std::max(heard.in_flight, news.packets));
  }
  if (progress || news.packets > 0) {  // RFC 6298, 5.2 and 5.3
    // Where the timer's probes are answered, and nothing tells of the rest, the next one decides.
    const bool in_doubt = news.packets > 0 && !news.tells && !in_flight_.empty();
    timeouts_ = in_doubt ? std::min(timeouts_, 1U) : 0;
    spared_ = false;
    arm(now);
  }
  pass_overheard();
  if (deadline_ == never_ns) arm(now);
  find_lost(now);
}

/// What was sent more than once tells of no round trip; were the next packet given no longer than
/// these, none might ever be measured (Karn, Partridge, SIGCOMM 1987).
void SendWindow::measure(const News& news) {
  if (news.round_trip) {
    route_.round_trip.sample(news.round_trip->ns);
    kept_ns_ = 0;
  } else if (timeouts_ > 0) {
    kept_ns_ = std::min(timeout_ns(), std::max(timeout_max_ns_, round_trip_max_ns));
  }
}

/// It has those that it would be sent next.
void SendWindow::pass_overheard() {
  while (next_ < end_ && under_way() < window_packets_ && received_.test(next_)) ++next_;
}

/// Does nothing for what is known to have arrived.
void SendWindow::hear_of(const Heard& heard, Sequence at, News& news) {
  if (received_.test(at)) return;
  Slot& arrived = slot(at);
  const DurationNs since_ns = heard.at_ns - arrived.sent_ns;
  ++news.packets;
  land(arrived);
  if (arrived.turn > news.turn) {
    news.turn = arrived.turn;
    news.round_trip.reset();
    if (!arrived.again) news.round_trip = {since_ns, heard.away_ns - arrived.away_ns};
  }
  // Where the answer comes too soon after the last transmission, it is of one before.
  const bool too_soon = arrived.again && since_ns < route_.round_trip.lowest_ns() / 2;
  if (too_soon) return;
  news.tells = true;
  route_.heard_turn = std::max(route_.heard_turn, arrived.turn);
}

void SendWindow::release_oldest() {
  Slot& oldest = slot(first_);
  outbox_.port().release(*oldest.packet);
  messages_acknowledged_ += oldest.messages;
  received_.reset(first_);
  next_ = std::max(next_, ++first_);
}

void SendWindow::skip_to(Sequence first) {
  for (; first_ < std::min(first, end_); release_oldest()) land(slot(first_));
  if (first > end_) first_ = next_ = end_ = first;
  pass_overheard();
  if (first_ < next_) return;
  deadline_ = never_ns;
  timeouts_ = 0;
}

void SendWindow::sent_to_all(TimeNs now) {
  Slot& fresh = slot(next_);
  begin_transmit(now, fresh);
  note(now, fresh);
}

void SendWindow::begin_transmit(TimeNs now, Slot& fresh) {
  ++next_;
  take_off(fresh);
  if (deadline_ == never_ns) arm(now);
  pass_overheard();
}

void SendWindow::lose_earliest() {
  Slot& earliest = in_flight_.front();
  land(earliest);
  lost_.set(earliest.sequence);
  ++lost_count_;
}

void SendWindow::find_lost(TimeNs now) {
  std::uint32_t lost = 0;
  for (; !in_flight_.empty(); ++lost) {
    if (in_flight_.front().turn + overtaken_by > route_.heard_turn) break;
    lose_earliest();
  }
  if (lost > 0) route_.congestion->on_lost(now, lost);
}

bool SendWindow::on_deadline(TimeNs now) {
  // Whoever comes late himself may not have read yet what was answered in time.
  if (!spared_ && now - deadline_ > timeout_ns()) {
    spared_ = true;
    ++stats_.timeouts_spared;
    arm(now);
    return false;
  }
  spared_ = false;
  ++timeouts_;
  const bool freed = silent() && give_up_under_way();
  if (const Sequence oldest = oldest_missing(); oldest < next_)
    probe(now, oldest);
  else
    resend(now, first_);  // the peer has all, and no room: was the word lost that it has again?
  arm(now);
  return freed;
}

/// Others on the route are not to wait for a channel that hears nothing (docs/protocol.md §7.4).
bool SendWindow::give_up_under_way() {
  if (in_flight_.empty()) return false;
  while (!in_flight_.empty()) lose_earliest();
  return true;
}

void SendWindow::probe(TimeNs now, Sequence oldest) {
  const Sequence newest = newest_missing();
  // Before anything is measured the timeout is a guess; and where what others have sent since comes
  // through, it is not the line that is silent.
  const std::uint64_t turn = std::max(slot(oldest).turn, slot(newest).turn);
  const bool line_is_silent = route_.round_trip.smoothed_ns() && route_.heard_turn < turn;
  resend(now, oldest);
  if (newest != oldest) resend(now, newest);
  if (line_is_silent) route_.congestion->on_timeout(now);
}

Sequence SendWindow::oldest_missing() const {
  Sequence at = first_;
  while (at < next_ && received_.test(at)) ++at;
  return at;
}

Sequence SendWindow::newest_missing() const {
  Sequence at = next_ - 1;
  while (at > first_ && received_.test(at)) --at;
  return at;
}

void SendWindow::take_off(Slot& sent) {
  in_flight_.push_back(sent);
  ++route_.in_flight;
}

/// It is not in flight any more, nor lost.
void SendWindow::land(Slot& heard) {
  if (heard.is_linked()) {
    in_flight_.erase(in_flight_.iterator_to(heard));
    --route_.in_flight;
  } else if (lost_.test(heard.sequence)) {
    lost_.reset(heard.sequence);
    --lost_count_;
  }
}

void SendWindow::resend(TimeNs now, Sequence at) {
  Slot& again = slot(at);
  if (!received_.test(at) && !silent()) {
    land(again);
    take_off(again);
  }
  again.again = true;
  ++stats_.packets_retransmitted;
  transmit(now, again);
}

void SendWindow::note(TimeNs now, Slot& sent) {
  sent.sent_ns = now;
  sent.away_ns = away_ns();
  sent.turn = ++route_.turns;
}

void SendWindow::transmit(TimeNs now, Slot& sent) {
  note(now, sent);
  outbox_.send_kept(*sent.packet, route_.endpoint);
}

}  // namespace muster

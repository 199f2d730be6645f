#include "cluster/messaging/send_window.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace muster {
namespace {

constexpr std::uint64_t shifted_left(std::uint64_t mask, std::uint32_t bits) {
  return bits < 64 ? mask << bits : 0;
}
constexpr std::uint64_t shifted_right(std::uint64_t mask, std::uint32_t bits) {
  return bits < 64 ? mask >> bits : 0;
}
/// The lowest `count` bits.
constexpr std::uint64_t lowest(std::uint32_t count) { return ~shifted_left(~0ULL, count); }
/// One more than the place of the highest bit.
constexpr int width(std::uint64_t mask) { return 64 - std::countl_zero(mask); }

}  // namespace

SendWindow::SendWindow(const MessagingConfig& config, Outbox& outbox, MessagingStats& stats,
                       Sequence first)
    : outbox_(outbox),
      stats_(stats),
      window_packets_(std::clamp(config.window_packets, 1U, packets_max)),
      credit_packets_(window_packets_),
      first_(first),
      next_(first),
      round_trip_(config.retransmit_min_ns, config.retransmit_max_ns) {}

SendWindow::~SendWindow() { release(static_cast<std::uint32_t>(in_flight())); }

bool SendWindow::open() const {
  return in_flight() < std::min(window_packets_, std::max(credit_packets_, 1U));
}

void SendWindow::send(TimeNs now, Packet& packet, const Endpoint& to) {
  assert(open());
  slot(next_) = {&packet, now};
  ++next_;
  if (deadline_ == never_ns) deadline_ = now + round_trip_.timeout_ns();
  outbox_.port().retain(packet);
  outbox_.send(packet, to);
}

bool SendWindow::acknowledge(TimeNs now, const wire::Session& said) {
  const Sequence acknowledged = sequence_from_wire(said.acknowledged, first_ - 1);
  const std::uint64_t selective = said.selective;
  const Sequence highest = acknowledged + (selective == 0 ? 0 : 1 + width(selective));
  if (acknowledged < 0 || highest >= next_) return false;
  if (acknowledged < first_ - 1) return true;  // a later one has come before it

  credit_packets_ = said.window_packets;
  const auto packets = static_cast<std::uint32_t>(acknowledged - (first_ - 1));
  const Mask answered = (lowest(packets) | shifted_left(selective, packets + 1)) & ~received_;
  measure(now, answered & ~retransmitted_);
  received_ |= answered;
  if (packets > 0) {
    release(packets);
    deadline_ = in_flight() > 0 ? now + round_trip_.timeout_ns() : never_ns;  // RFC 6298, 5.2, 5.3
    retransmit(std::exchange(lost_, 0) & ~received_);
  }
  // While the peer's application has no room, the oldest packet is not missing but waiting.
  if (credit_packets_ > 0) retransmit(overtaken() & ~retransmitted_);
  return true;
}

void SendWindow::on_deadline(TimeNs now) {
  lost_ = lowest(static_cast<std::uint32_t>(in_flight())) & ~received_ & ~Mask{1};
  retransmit(1);
  round_trip_.back_off();
  deadline_ = now + round_trip_.timeout_ns();
}

/// One sample from each acknowledgement, of the youngest packet that it answers.
void SendWindow::measure(TimeNs now, Mask answered) {
  if (answered == 0) return;
  const Sequence youngest = first_ + width(answered) - 1;
  round_trip_.sample(now - slot(youngest).sent_ns);
}

void SendWindow::release(std::uint32_t packets) {
  for (std::uint32_t i = 0; i < packets; ++i) outbox_.port().release(*slot(first_ + i).packet);
  first_ += packets;
  received_ = shifted_right(received_, packets);
  retransmitted_ = shifted_right(retransmitted_, packets);
  lost_ = shifted_right(lost_, packets);
}

SendWindow::Mask SendWindow::overtaken() const {
  Mask later = received_;
  for (int i = 0; i < 2 && later != 0; ++i) later &= ~std::bit_floor(later);
  return later == 0 ? 0 : (std::bit_floor(later) - 1) & ~received_;
}

void SendWindow::retransmit(Mask packets) {
  retransmitted_ |= packets;
  for (; packets != 0; packets &= packets - 1) {
    Packet& packet = *slot(first_ + std::countr_zero(packets)).packet;
    outbox_.port().retain(packet);
    outbox_.send(packet, packet.peer);
    ++stats_.packets_retransmitted;
  }
}

}  // namespace muster

#include "cluster/messaging/receive_window.h"

#include <algorithm>
#include <bit>

namespace muster {

ReceiveWindow::ReceiveWindow(std::uint32_t window_packets, PacketPort& port, HoldingLimit& limit,
                             Sequence first)
    : port_(port),
      limit_(limit),
      window_packets_(window_packets),
      delivered_(first - 1),
      highest_(first - 1),
      held_(window_packets),
      slots_(std::bit_ceil(std::size_t{window_packets})) {}

ReceiveWindow::~ReceiveWindow() {
  for (Sequence at = delivered_ + 1; at <= highest_; ++at) {
    if (!held_.test(at)) continue;
    port_.release(*slot(at).packet);
    limit_.give();
  }
}

ReceiveWindow::Receipt ReceiveWindow::receive(std::uint32_t wire_sequence, Packet& packet,
                                              std::uint32_t opens_bytes) {
  const Sequence next = delivered_ + 1;
  const Sequence at = sequence_from_wire(wire_sequence, next);
  if (at < next) return Receipt::duplicate;
  if (at - next >= window_packets_) return Receipt::outside;
  if (held_.test(at)) return Receipt::duplicate;
  // The next one always has room: else nothing would ever go on.
  if (at != next && limit_.left() == 0) return Receipt::no_room;
  held_.set(at);
  highest_ = std::max(highest_, at);
  slot(at) = {&packet, opens_bytes};
  port_.retain(packet);
  limit_.take();
  ++held_packets_;
  return Receipt::held;
}

/// Never nothing: the next one always has room.
std::uint32_t ReceiveWindow::credit() const {
  return refused_ ? 0 : std::clamp(held_packets_ + limit_.left(), 1U, window_packets_);
}

void ReceiveWindow::skip_to(Sequence first) {
  for (; delivered_ + 1 < first && delivered_ < highest_; ++delivered_)
    if (held_.test(delivered_ + 1)) release(delivered_ + 1);
  delivered_ = std::max(delivered_, first - 1);
  highest_ = std::max(highest_, delivered_);
}

std::size_t ReceiveWindow::selective_words() const {
  const Sequence beyond = highest_ - delivered_;
  return static_cast<std::size_t>((beyond + SequenceBits::word_bits - 1) / SequenceBits::word_bits);
}

void ReceiveWindow::release(Sequence at) {
  port_.release(*slot(at).packet);
  limit_.give();
  --held_packets_;
  held_.reset(at);
}

void ReceiveWindow::release_oldest() {
  release(++delivered_);
  highest_ = std::max(highest_, delivered_);
}

}  // namespace muster

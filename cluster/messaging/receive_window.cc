#include "cluster/messaging/receive_window.h"

#include <algorithm>
#include <bit>

namespace muster {

ReceiveWindow::ReceiveWindow(std::uint32_t window_packets, PacketPort& port, Sequence first)
    : port_(port),
      window_packets_(std::clamp(window_packets, 1U, packets_max)),
      delivered_(first - 1) {}

ReceiveWindow::~ReceiveWindow() {
  for (; held_ != 0; held_ &= held_ - 1)
    port_.release(*slot(delivered_ + 1 + std::countr_zero(held_)).packet);
}

ReceiveWindow::Receipt ReceiveWindow::receive(std::uint32_t wire_sequence,
                                              const wire::Messages& messages, Packet& packet) {
  const Sequence ahead = sequence_from_wire(wire_sequence, delivered_ + 1) - (delivered_ + 1);
  if (ahead < 0) return Receipt::duplicate;
  if (ahead >= window_packets_) return Receipt::outside;
  const std::uint64_t bit = std::uint64_t{1} << ahead;
  if ((held_ & bit) != 0) return Receipt::duplicate;
  held_ |= bit;
  slot(delivered_ + 1 + ahead) = {&packet, messages};
  port_.retain(packet);
  return Receipt::held;
}

void ReceiveWindow::describe(wire::Session& session) const {
  session.acknowledged = sequence_to_wire(delivered_);
  session.selective = held_ >> 1;
  session.window_packets = static_cast<std::uint16_t>(refused_ ? 0 : window_packets_);
}

void ReceiveWindow::release_oldest() {
  port_.release(*slot(delivered_ + 1).packet);
  ++delivered_;
  held_ >>= 1;
  accepted_ = 0;
}

}  // namespace muster

// Packets from one peer: put in order, freed of duplicates, held until the application has room
// (docs/protocol.md §7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cluster/messaging/sequence.h"
#include "cluster/packet.h"
#include "cluster/wire/parse.h"

namespace muster {

/// What is acknowledged cumulatively has been accepted by the application, so a peer that hears
/// nothing more knows exactly what was not delivered. What is held, out of order or because the
/// application had no room, is acknowledged selectively.
class ReceiveWindow {
 public:
  static constexpr std::uint32_t packets_max = 64;

  enum class Receipt : std::uint8_t {
    held,       ///< new; the window has taken a reference
    duplicate,  ///< held or delivered already
    outside,    ///< beyond what was ever granted
  };

  /// `first` is the sequence of the first packet.
  ReceiveWindow(std::uint32_t window_packets, PacketPort& port, Sequence first = 1);
  ~ReceiveWindow();
  ReceiveWindow(const ReceiveWindow&) = delete;
  ReceiveWindow& operator=(const ReceiveWindow&) = delete;

  /// `messages` lie in `packet`.
  Receipt receive(std::uint32_t wire_sequence, const wire::Messages& messages, Packet& packet);

  /// Offers message after message, `bool offer(const wire::MessageView&, Packet&)`, in order and
  /// each until it is accepted; the first refusal ends it, and makes refused() true. Returns
  /// whether anything was accepted.
  template <class Offer>
  bool deliver(Offer&& offer);
  /// The application had no room at the last deliver().
  bool refused() const { return refused_; }

  /// Writes the fields of an acknowledgement. While the application has no room, no credit.
  void describe(wire::Session& session) const;

 private:
  struct Slot {
    Packet* packet = nullptr;
    wire::Messages messages;
  };

  Slot& slot(Sequence sequence) { return slots_[static_cast<std::size_t>(sequence) % packets_max]; }
  void release_oldest();

  PacketPort& port_;
  const std::uint32_t window_packets_;
  bool refused_ = false;
  Sequence delivered_;        ///< all up to here the application has
  std::uint64_t held_ = 0;    ///< bit i: the packet delivered_ + 1 + i is here
  std::size_t accepted_ = 0;  ///< messages of the oldest packet that the application has
  std::array<Slot, packets_max> slots_;
};

template <class Offer>
bool ReceiveWindow::deliver(Offer&& offer) {
  bool any = false;
  refused_ = false;
  while ((held_ & 1) != 0) {
    const Slot& oldest = slot(delivered_ + 1);
    std::size_t index = 0;
    for (const wire::MessageView& message : oldest.messages) {
      if (index++ < accepted_) continue;
      if (!offer(message, *oldest.packet)) {
        refused_ = true;
        return any;
      }
      ++accepted_;
      any = true;
    }
    release_oldest();
  }
  return any;
}

}  // namespace muster

// Packets of one channel from one peer: put in order, freed of duplicates, held until the
// application has room (docs/protocol.md §7).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cluster/messaging/sequence.h"
#include "cluster/messaging/sequence_bits.h"
#include "cluster/outbox.h"
#include "cluster/packet.h"
#include "cluster/wire/layout.h"

namespace muster {

/// How many packets all windows of a member may hold for later together, so that what waits leaves
/// the pool some to receive with.
class HoldingLimit {
 public:
  explicit HoldingLimit(std::uint32_t packets_max) : packets_max_(packets_max) {}
  std::uint32_t left() const { return packets_max_ - std::min(held_, packets_max_); }
  std::uint32_t held() const { return held_; }
  void take() { ++held_; }
  void give() { --held_; }

 private:
  std::uint32_t packets_max_;
  std::uint32_t held_ = 0;
};

/// What is acknowledged cumulatively has been accepted by the application, so a peer that hears
/// nothing more knows exactly what was not delivered. What is held, out of order or because the
/// application had no room, is acknowledged selectively.
///
/// Allocates in the constructor only.
class ReceiveWindow {
 public:
  enum class Receipt : std::uint8_t {
    held,       ///< new; the window has taken a reference
    duplicate,  ///< held or delivered already
    outside,    ///< beyond what was ever granted
    no_room,    ///< out of order, and the limit is reached: it will come again
  };

  /// `first` is the sequence of the first packet.
  ReceiveWindow(std::uint32_t window_packets, PacketPort& port, HoldingLimit& limit,
                Sequence first = 1);
  ~ReceiveWindow();
  ReceiveWindow(const ReceiveWindow&) = delete;
  ReceiveWindow& operator=(const ReceiveWindow&) = delete;

  /// It is the next, and nothing waits before it or behind it: if the application accepts it at
  /// once, pass() suffices, and it need not be held.
  bool may_pass(std::uint32_t wire_sequence) const {
    return held_packets_ == 0 && !refused_ && wire_sequence == sequence_to_wire(delivered_ + 1);
  }
  void pass() { highest_ = ++delivered_; }
  /// `opens_bytes`: see wire::SessionView.
  Receipt receive(std::uint32_t wire_sequence, Packet& packet, std::uint32_t opens_bytes = 0);

  /// Offers packet after packet, `bool offer(Packet&, opens_bytes)`, in order and each until it is
  /// accepted; the first refusal ends it, and makes refused() true. Returns how many were accepted.
  template <class Offer>
  std::uint32_t deliver(Offer&& offer);
  /// The application had no room at the last deliver().
  bool refused() const { return refused_; }

  /// All up to here the application has, or is not to have.
  Sequence delivered() const { return delivered_; }
  /// What is before `first` will not come any more: gives back what is held of it.
  void skip_to(Sequence first);

  /// Writes the fields of an acknowledgement, of a wire::Session or a wire::Report. Credit is for
  /// what is held as well as for what else may be; while the application has no room, there is
  /// none.
  template <class Head>
  void describe(Head& head) const {
    head.acknowledged = sequence_to_wire(delivered_);
    head.window_packets = static_cast<std::uint16_t>(credit());
  }
  /// Appends the words that follow, as many as there is room for, and says in the head how many;
  /// false: there was none for all of them.
  template <class Head>
  bool append_selective(Packet& packet, Head& head) const;
  /// The words, as many as say something.
  std::size_t selective_words() const;
  std::uint64_t selective_word(std::size_t index) const {
    return held_.from(delivered_ + 1 + SequenceBits::word_bits * static_cast<Sequence>(index));
  }

 private:
  struct Slot {
    Packet* packet = nullptr;
    std::uint32_t opens_bytes = 0;
  };

  Slot& slot(Sequence at) { return slots_[static_cast<std::size_t>(at) & (slots_.size() - 1)]; }
  std::uint32_t credit() const;
  void release(Sequence at);
  void release_oldest();

  PacketPort& port_;
  HoldingLimit& limit_;
  const std::uint32_t window_packets_;
  bool refused_ = false;
  Sequence delivered_;  ///< all up to here the application has
  Sequence highest_;    ///< the highest that was ever held
  std::uint32_t held_packets_ = 0;
  SequenceBits held_;
  std::vector<Slot> slots_;
};

template <class Head>
bool ReceiveWindow::append_selective(Packet& packet, Head& head) const {
  const std::size_t words = selective_words();
  const std::size_t room = packet.room() / sizeof(wire::Le64);
  const std::size_t said = std::min(words, room);
  head.selective_words = static_cast<std::uint8_t>(said);
  for (std::size_t i = 0; i < said; ++i) append(packet, wire::Le64(selective_word(i)));
  return said == words;
}

template <class Offer>
std::uint32_t ReceiveWindow::deliver(Offer&& offer) {
  std::uint32_t accepted = 0;
  refused_ = false;
  for (; held_.test(delivered_ + 1); ++accepted) {
    const Slot& oldest = slot(delivered_ + 1);
    if (!offer(*oldest.packet, oldest.opens_bytes)) {
      refused_ = true;
      break;
    }
    release_oldest();
  }
  return accepted;
}

}  // namespace muster

// The packets of a stream that are kept for whoever comes late.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cluster/messaging/sequence.h"
#include "cluster/packet.h"

namespace muster {

/// The last `packets_max` packets, from one on in which a message begins: nobody can begin before.
/// Allocates in the constructor only.
class History {
 public:
  History(std::uint32_t packets_max, PacketPort& port)
      : port_(port), packets_max_(packets_max), slots_(std::bit_ceil(std::size_t{packets_max})) {}
  ~History() { clear(); }
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  bool empty() const { return first_ == end_; }
  Sequence first() const { return first_; }

  /// The next packet of the stream, which it retains; `messages` end in it, and with its first
  /// message a message `begins`.
  void add(Sequence sequence, Packet& packet, std::uint32_t messages, bool begins) {
    if (packets_max_ == 0) return;
    if (empty()) {
      if (!begins) return;
      first_ = end_ = sequence;
    }
    if (end_ - first_ == packets_max_) forget_before(first_ + 1);
    if (empty() && !begins) return;
    slot(end_) = {&packet, messages, begins};
    port_.retain(packet);
    ++end_;
  }
  void forget_before(Sequence first) {
    while (first_ < end_ && (first_ < first || !slot(first_).begins))
      port_.release(*slot(first_++).packet);
  }
  void clear() { forget_before(end_); }

  /// Calls `f(Packet&, messages)` for each, in order.
  template <class F>
  void for_each(F&& f) {
    for (Sequence at = first_; at < end_; ++at) f(*slot(at).packet, slot(at).messages);
  }

 private:
  struct Slot {
    Packet* packet = nullptr;
    std::uint32_t messages = 0;
    bool begins = false;
  };
  Slot& slot(Sequence at) { return slots_[static_cast<std::size_t>(at) & (slots_.size() - 1)]; }

  PacketPort& port_;
  const std::uint32_t packets_max_;
  Sequence first_ = 1;
  Sequence end_ = 1;
  std::vector<Slot> slots_;
};

}  // namespace muster

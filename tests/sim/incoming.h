// Messages that one application receives, put together for each peer and channel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "cluster/events.h"
#include "cluster/messaging/assembly.h"
#include "cluster/messaging/assembly_budget.h"

namespace muster::sim {

class Incoming {
 public:
  /// Of one message and of all it keeps as many packets; of all that are not whole, together, as
  /// many bytes, unless it is one alone.
  Incoming(PacketPort& port, std::size_t kept_packets_max, std::size_t all_kept_packets_max,
           std::size_t bytes_max)
      : shared_{port, kept_packets_max, all_kept_packets_max}, budget_{bytes_max} {}

  /// For the message that opens in it (docs/protocol.md §8.3).
  bool has_room(const Delivery& delivery) const {
    return delivery.opens_bytes == 0 ||
           budget_.has_room(delivery.opens_bytes, bytes(), bytes_of(delivery.from.id));
  }
  /// Calls `hear(const wire::MessageView& head, std::span<const std::byte> payload)` for each
  /// message that has come whole; false: the pieces do not make a message.
  template <class Hear>
  bool take(const Delivery& delivery, Hear&& hear);

  void forget(MemberId from) {
    std::erase_if(assemblies_, [&](const auto& entry) { return entry.first.first == from; });
  }
  void clear() { assemblies_.clear(); }
  /// No more packets than these.
  std::size_t packets_max() const { return shared_.kept_packets; }

 private:
  std::size_t bytes() const {
    std::size_t bytes = 0;
    for (const auto& [from, assembly] : assemblies_) bytes += assembly.message_bytes();
    return bytes;
  }
  std::size_t bytes_of(MemberId sender) const {
    std::size_t bytes = 0;
    for (const auto& [from, assembly] : assemblies_)
      if (from.first == sender) bytes += assembly.message_bytes();
    return bytes;
  }

  Assembly::Shared shared_;
  AssemblyBudget budget_;
  std::map<std::pair<MemberId, ChannelId>, Assembly> assemblies_;
};

template <class Hear>
bool Incoming::take(const Delivery& delivery, Hear&& hear) {
  Assembly& assembly =
      assemblies_.try_emplace({delivery.from.id, delivery.channel}, shared_).first->second;
  for (const wire::MessageView& piece : wire::messages_in(delivery.packet.data)) {
    if (piece.whole() && assembly.message_bytes() == 0) {
      hear(piece, piece.payload);
      continue;
    }
    const Assembly::Step step = assembly.add(piece, delivery.packet);
    if (step == Assembly::Step::unsound) return false;
    if (step == Assembly::Step::more) continue;
    const WholeMessage message = assembly.message();
    std::vector<std::byte> payload;
    payload.reserve(message.size());
    for (const wire::Bytes bytes : message.pieces)
      payload.insert(payload.end(), bytes.begin(), bytes.end());
    hear(message.head, payload);
    assembly.clear();
  }
  return true;
}

}  // namespace muster::sim

#include "tests/sim/outgoing.h"

#include <algorithm>
#include <span>
#include <utility>

#include "cluster/messaging/send.h"

namespace muster::sim {

namespace {

/// What is longer lies where packets can refer to it.
HeldMemory lent_copy(SimPort& port, std::span<const std::byte> payload) {
  if (payload.size() < lent_bytes_min) return {};
  HeldMemory memory(MessageMemory::lendable(*port.lendable_memory(), payload.size()));
  std::ranges::copy(payload, memory->bytes().begin());
  return memory;
}

}  // namespace

bool Outgoing::put(const Recipient& to, Letter letter) {
  Stream& stream = streams_[to];
  const bool owed = letter.kind == wire::MessageKind::response;
  if (!owed && (stream.waiting.size() >= waiting_letters_max ||
                (stream.waiting_bytes > 0 &&
                 stream.waiting_bytes + letter.payload.size() > waiting_bytes_max)))
    return false;
  stream.waiting_bytes += letter.payload.size();
  stream.waiting.push_back(std::move(letter));
  return true;
}

Way Outgoing::way(const Member& member, const Recipient& to) const {
  return {.from = {*roster_.find(member.self().id), member.self().incarnation},
          .to = {*roster_.find(to.member.id), to.member.incarnation},
          .channel = to.channel};
}

void Outgoing::flush(Member& member, SimPort& port, std::size_t left_min) {
  for (auto at = streams_.begin(); at != streams_.end();) {
    auto& [to, stream] = *at;
    bool goes_on = true;
    bool connected = true;
    while (goes_on && (stream.packet != nullptr || !stream.waiting.empty())) {
      if (stream.packet == nullptr) {
        const Messaging& messaging = member.messaging();
        const bool mid_message = stream.writer && stream.writer->written() > 0;
        const bool next_piece = mid_message && messaging.packets_to_send(to) == 0;
        if (messaging.may_send(to, mid_message) && (next_piece || port.left() > left_min))
          stream.packet = port.allocate();
        if (stream.packet == nullptr) break;
        begin_messages(*stream.packet);
      }
      fill(way(member, to), port, stream);
      goes_on = send_packet(member, to, stream, connected);
    }
    const bool done = stream.packet == nullptr && stream.waiting.empty();
    at = done || !connected ? erase(at, port) : std::next(at);
  }
}

void Outgoing::fill(const Way& way, SimPort& port, Stream& stream) {
  while (!stream.waiting.empty()) {
    Letter& letter = stream.waiting.front();
    if (!stream.writer) {
      conversations_.write(way, stream.ended, letter.payload);
      stream.lent = lent_copy(port, letter.payload);
      stream.writer.emplace(
          MessageHead{.kind = letter.kind,
                      .call = letter.call,
                      .status = letter.status,
                      .path = letter.path},
          stream.lent ? std::span<const std::byte>(stream.lent->bytes()) : letter.payload);
      if (stream.lent) stream.writer->lend(port, *stream.lent);
    }
    // What goes on begins its packet.
    if (stream.writer->written() > 0 && stream.packet->size > messages_offset) return;
    if (!stream.writer->write(*stream.packet) || !stream.writer->done()) return;
    ++stream.ended;
    stream.writer.reset();
    stream.lent = {};
    stream.waiting_bytes -= letter.payload.size();
    stream.waiting.pop_front();
  }
}

bool Outgoing::send_packet(Member& member, const Recipient& to, Stream& stream, bool& connected) {
  switch (member.send(to, *stream.packet, stream.ended)) {
    case SendResult::sent:
      conversations_.sent(way(member, to), stream.ended);
      stream.packet = nullptr;
      stream.ended = 0;
      return true;
    case SendResult::would_block:
      return false;
    default:
      connected = false;
      return false;
  }
}

Outgoing::Streams::iterator Outgoing::erase(Streams::iterator at, SimPort& port) {
  if (at->second.packet != nullptr) port.release(*at->second.packet);
  return streams_.erase(at);
}

void Outgoing::forget(const MemberKey& to, SimPort& port) {
  for (auto at = streams_.begin(); at != streams_.end();)
    at = at->first.member == to ? erase(at, port) : std::next(at);
}

void Outgoing::clear(SimPort& port) {
  for (auto at = streams_.begin(); at != streams_.end();) at = erase(at, port);
}

std::size_t Outgoing::packets() const {
  std::size_t packets = 0;
  for (const auto& [to, stream] : streams_) packets += stream.packet != nullptr ? 1 : 0;
  return packets;
}

}  // namespace muster::sim

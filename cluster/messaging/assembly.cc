#include "cluster/messaging/assembly.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr std::size_t spare_buffers_max = 4;

}  // namespace

Assembly::Step Assembly::add(const wire::MessageView& piece, Packet& packet) {
  const bool follows = open_ && piece.kind == head_.kind;
  if (piece.first ? open_ : !follows || piece.payload.size() > head_.message_bytes - received_) {
    clear();
    return Step::unsound;
  }
  if (piece.first) begin(piece, packet);
  keep(piece, packet);
  if (piece.last != (received_ == head_.message_bytes)) {
    clear();
    return Step::unsound;
  }
  return piece.last ? Step::whole : Step::more;
}

/// Known to need more than may be kept, it is copied from the beginning, and once.
void Assembly::begin(const wire::MessageView& first, const Packet& packet) {
  open_ = true;
  head_ = first;
  if (!may_keep(first.message_bytes / packet.capacity + 1)) copy_from_now_on();
}

/// So many besides those that it has.
bool Assembly::may_keep(std::size_t packets) const {
  return packets_.size() + packets <= shared_.kept_packets_max &&
         shared_.kept_packets + packets <= shared_.all_kept_packets_max;
}

void Assembly::keep(const wire::MessageView& piece, Packet& packet) {
  if (!copies_ && !may_keep(1)) copy_from_now_on();
  if (copies_) {
    copy(piece.payload, received_);
  } else {
    shared_.port.retain(packet);
    ++shared_.kept_packets;
    packets_.push_back(&packet);
    pieces_.push_back(piece.payload);
  }
  received_ += piece.payload.size();
}

void Assembly::copy_from_now_on() {
  copies_ = true;
  if (!shared_.spare_buffers.empty()) {
    buffer_ = std::move(shared_.spare_buffers.back());
    shared_.spare_buffers.pop_back();
  }
  const std::size_t bytes = head_.message_bytes + head_.path.size();
  if (buffer_.size() < bytes) buffer_.resize(bytes);
  std::size_t at = 0;
  for (const wire::Bytes piece : pieces_) {
    copy(piece, at);
    at += piece.size();
  }
  copy(std::as_bytes(std::span(head_.path)), head_.message_bytes);
  head_.path = {reinterpret_cast<const char*>(buffer_.data()) + head_.message_bytes,
                head_.path.size()};
  pieces_.assign(1, wire::Bytes(buffer_).first(head_.message_bytes));
  head_.payload = pieces_.front();
  release_packets();
}

void Assembly::copy(wire::Bytes piece, std::size_t at) {
  std::ranges::copy(piece, buffer_.begin() + static_cast<std::ptrdiff_t>(at));
}

void Assembly::release_packets() {
  for (Packet* packet : packets_) shared_.port.release(*packet);
  shared_.kept_packets -= packets_.size();
  packets_.clear();
}

void Assembly::clear() {
  release_packets();
  pieces_.clear();
  open_ = false;
  copies_ = false;
  received_ = 0;
  if (buffer_.empty()) return;
  if (shared_.spare_buffers.size() < spare_buffers_max)
    shared_.spare_buffers.push_back(std::move(buffer_));
  buffer_ = {};
}

}  // namespace muster

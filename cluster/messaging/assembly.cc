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

void Assembly::begin(const wire::MessageView& first, Packet& packet) {
  open_ = true;
  head_ = first;
  if (first.message_bytes / packet.capacity >= shared_.kept_packets_max) copy_from_now_on();
}

void Assembly::keep(const wire::MessageView& piece, Packet& packet) {
  if (buffer_.empty() && packets_.size() >= shared_.kept_packets_max) copy_from_now_on();
  if (buffer_.empty())
    pieces_.push_back(piece.payload);
  else
    copy(piece.payload, received_);
  received_ += piece.payload.size();
  if (!buffer_.empty() && !piece.first) return;
  shared_.port.retain(packet);
  packets_.push_back(&packet);
}

void Assembly::copy_from_now_on() {
  if (!shared_.spare_buffers.empty()) {
    buffer_ = std::move(shared_.spare_buffers.back());
    shared_.spare_buffers.pop_back();
  }
  if (buffer_.size() < head_.message_bytes) buffer_.resize(head_.message_bytes);
  std::size_t at = 0;
  for (const wire::Bytes piece : pieces_) {
    copy(piece, at);
    at += piece.size();
  }
  pieces_.assign(1, wire::Bytes(buffer_).first(head_.message_bytes));
  while (packets_.size() > 1) {
    shared_.port.release(*packets_.back());
    packets_.pop_back();
  }
}

void Assembly::copy(wire::Bytes piece, std::size_t at) {
  std::ranges::copy(piece, buffer_.begin() + static_cast<std::ptrdiff_t>(at));
}

void Assembly::clear() {
  for (Packet* packet : packets_) shared_.port.release(*packet);
  packets_.clear();
  pieces_.clear();
  open_ = false;
  received_ = 0;
  if (buffer_.empty()) return;
  if (shared_.spare_buffers.size() < spare_buffers_max)
    shared_.spare_buffers.push_back(std::move(buffer_));
  buffer_ = {};
}

}  // namespace muster

// What the application sends: messages and answers.
#include <cassert>
#include <utility>

#include "node/application.h"

namespace muster {
namespace {

/// Answers without a payload that wait for a window; past it a caller hears the deadline.
constexpr std::size_t unanswered_max = 4096;

}  // namespace

Application::Channel& Application::channel_of(Peer& peer, ChannelId id) {
  std::unique_ptr<Channel>& channel = peer.channels[id];
  if (channel == nullptr) channel = std::make_unique<Channel>();
  return *channel;
}

SendResult Application::send_on(Peer& peer, ChannelId id, const MessageHead& head,
                                std::span<const std::byte> payload) {
  const auto own = sending_on(id);
  if (!own) return SendResult::no_such_channel;
  return send_on(outgoing_channel(peer, *own), head, payload);
}

SendResult Application::send_on(OutgoingChannel& channel, const MessageHead& head,
                                std::span<const std::byte> payload) {
  const SendResult result = channel.send(head, payload);
  gather(channel);
  return noting(result);
}

OutgoingChannel& Application::outgoing_channel(Peer& peer, ChannelId id) {
  Channel& channel = channel_of(peer, id);
  if (!channel.outgoing)
    channel.outgoing.emplace(
        runner_, to_send_,
        Destination{.to = {peer.view.key, id}, .join = peer.credit ? peer.credit->join() : 0},
        peer.credit ? &peer.credit->channel(id) : nullptr);
  return *channel.outgoing;
}

void Application::gather(OutgoingChannel& channel) {
  if (!channel.is_linked() && channel.pending()) gathering_.push_back(channel);
}

void Application::flush() {
  for (auto at = gathering_.begin(); at != gathering_.end();)
    if (OutgoingChannel& channel = *at++; channel.flush()) channel.unlink();
}

SendResult Application::send(MemberId to, std::span<const std::byte> payload, ChannelId channel) {
  if (closed()) return SendResult::closed;
  Peer* peer = find(to);
  if (peer == nullptr) return SendResult::not_connected;
  return send_on(*peer, channel, {}, payload);
}

/// It is made where the caller has it: moved, it is read in other widths than it was written in,
/// and the processor stalls.
Buffer Application::claim(std::size_t bytes) {
  Buffer buffer;
  if (bytes <= packet_bytes_max()) {
    buffer.packet_ = runner_.allocate();
    if (buffer.packet_ != nullptr) {
      buffer.owner_ = this;
      buffer.bytes_ = {buffer.packet_->data + payload_offset, bytes};
    } else {
      buffer.lacking_ = noting(SendResult::blocked(Exhausted::packets));
    }
  } else if (bytes <= wire::message_bytes_max) {
    buffer.large_ = to_send_.take(bytes);
    if (!buffer.large_.empty()) {
      buffer.owner_ = this;
      buffer.bytes_ = buffer.large_.bytes();
    } else {
      buffer.lacking_ = noting(SendResult::blocked(Exhausted::long_messages));
    }
  } else {
    buffer.lacking_ = SendResult::too_large;
  }
  return buffer;
}

void Application::give_back(Buffer& buffer) {
  if (buffer.packet_ != nullptr) runner_.give_back(*buffer.packet_);
  to_send_.give(std::move(buffer.large_));
}

SendResult Application::commit(Buffer& buffer, MemberId to, ChannelId id) {
  if (closed()) return SendResult::closed;
  Peer* peer = find(to);
  if (peer == nullptr) return SendResult::not_connected;
  const auto own = sending_on(id);
  if (!own) return SendResult::no_such_channel;
  return commit_on(outgoing_channel(*peer, *own), buffer);
}

SendResult Application::commit_on(OutgoingChannel& channel, Buffer& buffer) {
  if (!buffer) return buffer.lacking();
  assert(buffer.owner_ == this);  // another client's packets are not ours to send
  if (buffer.owner_ != this) return SendResult::no_buffer;
  const SendResult result = buffer.packet_ != nullptr
                                ? channel.commit(*buffer.packet_, buffer.bytes_.size())
                                : channel.commit(buffer.large_, buffer.bytes_.size());
  if (result == SendResult::sent) buffer.clear();
  gather(channel);
  return noting(result);
}

SendResult Application::answer(const Recipient& to, CallId call, CallStatus status,
                               std::span<const std::byte> payload) {
  if (closed()) return SendResult::closed;
  Peer* peer = find(to.member.id);
  if (peer == nullptr || peer->view.key != to.member) return SendResult::not_connected;
  return send_on(*peer, to.channel,
                 {.kind = wire::MessageKind::response, .call = call, .status = status}, payload);
}

void Application::answer_some_time(const Recipient& to, CallId call, CallStatus status) {
  if (ended_ || answer(to, call, status, {}) != SendResult::would_block) return;
  if (unanswered_.size() < unanswered_max) unanswered_.push_back({to, call, status});
}

}  // namespace muster

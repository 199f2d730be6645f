#include "node/outgoing_channel.h"

#include <algorithm>
#include <span>
#include <utility>

namespace muster {
namespace {

/// So much is copied behind other messages sooner than sent in a packet of its own.
constexpr std::size_t copied_bytes_max = 256;

}  // namespace

OutgoingChannel::~OutgoingChannel() {
  if (open_ != nullptr) runner_.give_back(*open_);
  if (staged_) end_staged();
}

SendResult OutgoingChannel::send(const MessageHead& head, std::span<const std::byte> payload) {
  if (payload.size() > wire::message_bytes_max) return SendResult::too_large;
  if (staged_) return behind_staged();
  const bool data = head.kind == wire::MessageKind::data;
  if (data && open_ == nullptr && payload.size() <= copied_bytes_max)
    if (const SendResult result = begin_packet(false); result != SendResult::sent) return result;
  if (data && open_ != nullptr && append_data(*open_, payload)) {
    ++open_messages_;
    ++accepted_;
    return SendResult::sent;
  }
  // There must be room for the rest before there is a rest.
  LargeBuffers::Buffer rest;
  MessageWriter writer(head, payload);
  if (!writer.fits(runner_.payload_bytes_max() - messages_offset)) {
    rest = buffers_.take(payload.size());
    if (rest.empty()) return SendResult::blocked(Exhausted::long_messages);
  }
  const SendResult result = write(writer);
  const bool taken = writer.written() > 0 || writer.done();
  if (taken) ++accepted_;
  if (!taken || writer.done()) {
    buffers_.give(std::move(rest));
    return taken ? SendResult(SendResult::sent) : result;
  }
  std::ranges::copy(payload.subspan(writer.written()),
                    rest.bytes().subspan(writer.written()).begin());
  writer.move_to(rest.bytes());
  writer.lend(runner_, rest.memory());
  staged_.emplace(Staged{std::move(rest), writer, result});
  return SendResult::sent;
}

SendResult OutgoingChannel::commit(LargeBuffers::Buffer& buffer, std::size_t payload_bytes) {
  if (staged_) return behind_staged();
  MessageWriter writer({}, buffer.bytes().first(payload_bytes));
  writer.lend(runner_, buffer.memory());
  const SendResult result = write(writer);
  if (writer.written() == 0 && !writer.done()) return result;
  ++accepted_;
  staged_.emplace(Staged{std::move(buffer), writer, result});
  if (writer.done()) end_staged();
  return SendResult::sent;
}

SendResult OutgoingChannel::behind_staged() const {
  const bool lags = staged_->stopped_by.exhausted() == Exhausted::subscriber;
  return lags ? staged_->stopped_by : SendResult::blocked(Exhausted::channel);
}

void OutgoingChannel::end_staged() {
  buffers_.give(std::move(staged_->payload));
  staged_.reset();
}

SendResult OutgoingChannel::begin_packet(bool goes_on) {
  const auto [packet, lacking] = runner_.allocate_for(to_, goes_on, credit_);
  if (packet == nullptr) return lacking;
  open_ = packet;
  begin_messages(*open_);
  return SendResult::sent;
}

SendResult OutgoingChannel::write(MessageWriter& writer) {
  while (!writer.done()) {
    if (open_ != nullptr && writer.written() > 0)  // the piece before ends that packet
      if (const SendResult result = hand_over_open(); result != SendResult::sent) return result;
    if (open_ == nullptr)
      if (const SendResult result = begin_packet(writer.written() > 0); result != SendResult::sent)
        return result;
    if (writer.write(*open_)) {
      if (writer.done()) ++open_messages_;
      continue;
    }
    if (const SendResult result = hand_over_open(); result != SendResult::sent) return result;
  }
  return SendResult::sent;
}

SendResult OutgoingChannel::commit(Packet& packet, std::size_t payload_bytes) {
  if (staged_) return behind_staged();
  if (open_ != nullptr && payload_bytes <= copied_bytes_max &&
      append_data(*open_, {packet.data + payload_offset, payload_bytes})) {
    runner_.give_back(packet);
    ++open_messages_;
    ++accepted_;
    return SendResult::sent;
  }
  if (open_ != nullptr)
    if (const SendResult result = hand_over_open(); result != SendResult::sent) return result;
  begin_messages(packet);
  write_head_in_place(packet, payload_bytes);
  open_ = &packet;
  open_messages_ = 1;
  ++accepted_;
  return SendResult::sent;
}

bool OutgoingChannel::flush() {
  if (staged_) {
    staged_->stopped_by = write(staged_->writer);
    if (staged_->writer.done()) end_staged();
  }
  if (open_ != nullptr && session_head(*open_).messages > 0) hand_over_open();
  return !pending();
}

SendResult OutgoingChannel::hand_over_open() {
  const SendResult result =
      runner_.submit(*open_, {.destination = to_, .messages = open_messages_}, credit_);
  if (result != SendResult::sent) return result;
  open_ = nullptr;
  handed_over_ += open_messages_;
  open_messages_ = 0;
  return SendResult::sent;
}

}  // namespace muster

// What the application holds of a node: room for messages, messages that it keeps, answers that it
// owes.
#include <cassert>
#include <utility>

#include "node/application.h"
#include "node/message.h"

namespace muster {

Buffer::Buffer(Buffer&& other) noexcept { *this = std::move(other); }

/// What is assigned over is given back with `other`.
Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(packet_, other.packet_);
  std::swap(large_, other.large_);  // what bytes_ names moves with it
  std::swap(bytes_, other.bytes_);
  std::swap(lacking_, other.lacking_);
  return *this;
}

Buffer::~Buffer() {
  if (owner_ != nullptr) owner_->give_back(*this);
}

void Buffer::clear() {
  owner_ = nullptr;
  packet_ = nullptr;
  large_ = {};
  bytes_ = {};
  lacking_ = SendResult::no_buffer;
}

Responder::Responder(Responder&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), to_(other.to_), call_(other.call_) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(to_, other.to_);
  std::swap(call_, other.call_);
  return *this;
}

Responder::~Responder() {
  if (owner_ != nullptr) owner_->answer_some_time(to_, call_, CallStatus::failed);
}

SendResult Responder::reply(std::span<const std::byte> payload) {
  return answer(CallStatus::ok, payload);
}

SendResult Responder::refuse(std::span<const std::byte> payload) {
  return answer(CallStatus::refused, payload);
}

SendResult Responder::fail(std::span<const std::byte> payload) {
  return answer(CallStatus::failed, payload);
}

/// Too large an answer can be made smaller, a full window will open: those may be tried again.
SendResult Responder::answer(CallStatus status, std::span<const std::byte> payload) {
  if (owner_ == nullptr) return SendResult::closed;
  const SendResult result = owner_->answer(to_, call_, status, payload);
  if (result != SendResult::would_block && result != SendResult::too_large) owner_ = nullptr;
  return result;
}

// Messages.

Received::Bytes Received::bytes() const {
  return pieces_.size() == 1 ? pieces_.front() : owner_.in_one_piece(pieces_);
}

KeptMessage Received::keep() const { return owner_.keep(*this); }

KeptMessage::KeptMessage(KeptMessage&& other) noexcept { *this = std::move(other); }

/// What is assigned over is released with `other`.
KeptMessage& KeptMessage::operator=(KeptMessage&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(from_, other.from_);
  std::swap(packet_, other.packet_);
  std::swap(copy_, other.copy_);  // what bytes_ names moves with it
  std::swap(bytes_, other.bytes_);
  return *this;
}

KeptMessage::~KeptMessage() {
  if (owner_ != nullptr) release();
}

void KeptMessage::release() {
  assert(owner_ != nullptr);  // once
  if (owner_ == nullptr) return;
  if (packet_ != nullptr) owner_->give_back_kept(*packet_);
  owner_ = nullptr;
  packet_ = nullptr;
  copy_ = {};
  bytes_ = {};
}

}  // namespace muster

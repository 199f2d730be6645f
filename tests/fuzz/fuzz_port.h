// The port of a fuzzed member: received packets are exactly as long as they are, sent ones must
// parse, and nothing may leak.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "cluster/mtu.h"
#include "cluster/packet.h"
#include "cluster/wire/parse.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/walk.h"

namespace muster::fuzz {

class FuzzPort final : public PacketPort {
 public:
  FuzzPort(std::uint64_t cluster, std::size_t packets_max)
      : cluster_(cluster), packets_max_(packets_max) {}
  ~FuzzPort() override { require(live_ == 0, "every packet is released"); }

  Packet* allocate() override {
    if (live_ >= packets_max_) return nullptr;
    return make(payload_bytes_max);
  }
  void retain(Packet& packet) override { ++buffer_of(packet).references; }
  void release(Packet& packet) override {
    Buffer& buffer = buffer_of(packet);
    require(buffer.references > 0, "no packet is released twice");
    if (--buffer.references > 0) return;
    --live_;
    delete &buffer;
  }
  void transmit(Packet& packet) override {
    wire::Parsed parsed;
    require(!wire::parse(packet.payload(), cluster_, parsed), "what is sent can be parsed");
    walk(parsed);
    if (const auto* request = std::get_if<const wire::SyncRequest*>(&parsed.body))
      last_request_ = (*request)->request;
    if (const auto* request = std::get_if<const wire::IntroductionRequest*>(&parsed.body))
      introduction_nonce_ = (*request)->nonce;
    if (const auto* session = std::get_if<wire::SessionView>(&parsed.body)) note(*session->body);
    if (const auto* published = std::get_if<wire::PublicationView>(&parsed.body))
      published_ = published->body->sequence;
    if (const auto* position = std::get_if<const wire::Position*>(&parsed.body))
      turn_ = (*position)->turn;
    if (const auto* report = std::get_if<wire::ReportView>(&parsed.body))
      reported_ = report->body->acknowledged;
    release(packet);
  }

  /// As if received; the caller releases it.
  Packet& receive(std::span<const std::byte> bytes, const Endpoint& from) {
    Packet& packet = *make(bytes.size());
    std::ranges::copy(bytes, packet.data);
    packet.size = packet.capacity;
    packet.peer = from;
    return packet;
  }
  std::size_t live() const { return live_; }
  /// What the answer to the last synchronization request must carry.
  std::uint32_t last_request() const { return last_request_; }
  /// What introductions must carry.
  std::uint64_t introduction_nonce() const { return introduction_nonce_; }
  /// What it has said last on this channel, to whomever: what comes next there is one after
  /// `acknowledged`, and may acknowledge up to `sequence`.
  struct Said {
    std::uint32_t acknowledged = 0;
    std::uint32_t sequence = 0;
  };
  const Said& said(ChannelId channel) const { return said_[channel]; }
  /// The packet of a topic, and the turn of a position, that it has sent last; and up to where it
  /// has reported one.
  std::uint32_t published() const { return published_; }
  std::uint64_t turn() const { return turn_; }
  std::uint32_t reported() const { return reported_; }

 private:
  static constexpr std::size_t payload_bytes_max = payload_bytes_of(mtu_default);
  struct Buffer {
    Packet packet;
    std::unique_ptr<std::byte[]> bytes;
    int references = 1;
  };
  static Buffer& buffer_of(Packet& packet) { return *static_cast<Buffer*>(packet.native); }

  void note(const wire::Session& session) {
    Said& said = said_[session.channel];
    said.acknowledged = session.acknowledged;
    if (session.sequence != 0) said.sequence = session.sequence;
  }
  Packet* make(std::size_t bytes) {
    auto* buffer = new Buffer;
    buffer->bytes = std::make_unique<std::byte[]>(bytes);
    buffer->packet.data = buffer->bytes.get();
    buffer->packet.capacity = static_cast<std::uint32_t>(bytes);
    buffer->packet.native = buffer;
    ++live_;
    return &buffer->packet;
  }

  std::uint64_t cluster_;
  std::size_t packets_max_;
  std::size_t live_ = 0;
  std::array<Said, wire::channels> said_{};
  std::uint32_t last_request_ = 0;
  std::uint64_t introduction_nonce_ = 0;
  std::uint32_t published_ = 0;
  std::uint64_t turn_ = 0;
  std::uint32_t reported_ = 0;
};

}  // namespace muster::fuzz

// Two members' messaging, and the bytes between them in the test's hands.
#pragma once

#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/messaging.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/memory_port.h"

namespace muster::test {

using Bytes = std::vector<std::byte>;

inline std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Records what it hears, and has as much room as the test says.
class Application final : public sim::SilentEvents {
 public:
  struct Request {
    MemberKey from;
    CallId call;
    std::string path;
    std::string payload;
  };
  struct Response {
    CallId call;
    CallOutcome outcome;
    std::string payload;
    bool with_packet;
    friend bool operator==(const Response&, const Response&) = default;
  };

  std::size_t room = std::numeric_limits<std::size_t>::max();  ///< messages it will still take
  std::vector<std::string> messages;
  std::vector<Request> requests;
  std::vector<Response> responses;
  std::vector<std::pair<MemberKey, std::size_t>> undelivered;

  bool on_message(const MemberKey&, std::span<const std::byte> payload, Packet&) override {
    if (!take_room()) return false;
    messages.push_back(text(payload));
    return true;
  }
  bool on_request(const MemberKey& from, CallId call, std::string_view path,
                  std::span<const std::byte> payload, Packet&) override {
    if (!take_room()) return false;
    requests.push_back({from, call, std::string(path), text(payload)});
    return true;
  }
  void on_response(CallId call, CallOutcome outcome, std::span<const std::byte> payload,
                   Packet* packet) override {
    responses.push_back({call, outcome, text(payload), packet != nullptr});
  }
  void on_undelivered(const MemberKey& to, std::size_t count) override {
    undelivered.emplace_back(to, count);
  }

 private:
  bool take_room() {
    if (room == 0) return false;
    --room;
    return true;
  }
};

struct Side {
  static constexpr std::uint64_t cluster = 7;

  Side(std::uint64_t id, Incarnation incarnation, const MessagingConfig& config = {})
      : key{MemberId{id}, incarnation},
        endpoint{static_cast<std::uint32_t>(id), 7777},
        outbox(port, Sender{cluster, key}),
        messaging(config, outbox, application) {}

  void meet(const Side& other) { messaging.add_peer(other.key, other.endpoint); }

  /// Takes the bytes in as a packet from the wire; false if the parser refuses them.
  bool hear(TimeNs now, const Bytes& bytes) {
    Packet& packet = port.received({}, bytes);
    wire::Parsed parsed;
    const bool accepted = !wire::parse(packet.payload(), cluster, parsed).has_value();
    if (accepted)
      messaging.on_session(now, *parsed.header, std::get<wire::SessionView>(parsed.body), packet);
    port.release(packet);
    return accepted;
  }
  void hear(TimeNs now, const std::vector<MemoryPort::Transmitted>& datagrams) {
    for (const auto& datagram : datagrams) EXPECT_TRUE(hear(now, datagram.bytes));
  }

  SendResult say(TimeNs now, MemberId to, std::string_view payload) {
    return with_packet(message_offset, payload, [&](Packet& packet) {
      return messaging.send(now, to, packet, payload.size());
    });
  }
  SendResult call(TimeNs now, MemberId to, CallId id, std::string_view path,
                  std::string_view payload, DurationNs deadline_ns) {
    return with_packet(request_offset(path), payload, [&](Packet& packet) {
      return messaging.call(now, to, id, path, packet, payload.size(), deadline_ns);
    });
  }
  SendResult reply(TimeNs now, const MemberKey& to, CallId id, CallStatus status,
                   std::string_view payload) {
    return with_packet(response_offset, payload, [&](Packet& packet) {
      return messaging.reply(now, to, id, status, packet, payload.size());
    });
  }

  /// Ends the cycle and returns what it put on the wire.
  std::vector<MemoryPort::Transmitted> transmit() {
    messaging.transmit();
    return port.take_transmitted();
  }
  const MessagingStats& stats() const { return messaging.stats(); }

  MemberKey key;
  Endpoint endpoint;
  MemoryPort port;
  /// Runs after the messaging has ended, and before its port does.
  struct LeakCheck {
    const MemoryPort& port;
    ~LeakCheck() { EXPECT_EQ(port.alive(), 0U) << "packets leaked"; }
  } leak_check{port};
  Outbox outbox;
  Application application;
  Messaging messaging;

 private:
  template <class Send>
  SendResult with_packet(std::size_t offset, std::string_view payload, Send&& send) {
    Packet* packet = port.allocate();
    if (packet == nullptr) return SendResult::would_block;
    if (offset + payload.size() <= packet->capacity)
      std::memcpy(packet->data + offset, payload.data(), payload.size());
    const SendResult result = send(*packet);
    if (result != SendResult::sent) port.release(*packet);
    return result;
  }
};

/// Two members that know each other.
struct Pair {
  explicit Pair(const MessagingConfig& config = {}) : a(1, 10, config), b(2, 20, config) {
    a.meet(b);
    b.meet(a);
  }
  /// Both sides finish their cycle and hear the other, until nothing is on the wire.
  void settle(TimeNs now) {
    for (int round = 0; round < 100; ++round) {
      const auto from_a = a.transmit();
      const auto from_b = b.transmit();
      if (from_a.empty() && from_b.empty()) return;
      b.hear(now, from_a);
      a.hear(now, from_b);
    }
    FAIL() << "they never fall silent";
  }

  Side a;
  Side b;
};

inline wire::Session session_of(const Bytes& bytes) {
  wire::Session session;
  std::memcpy(&session, bytes.data() + sizeof(wire::Header), sizeof session);
  return session;
}

/// A packet of data messages that nobody's session has sent.
inline Bytes forged(const Side& from, wire::Session session,
                    const std::vector<std::string>& messages) {
  MemoryPort port;
  Outbox outbox(port, from.outbox.sender());
  Packet& packet = *outbox.open(wire::Type::session);
  session.messages = static_cast<std::uint16_t>(messages.size());
  append(packet, session);
  for (const auto& message : messages) {
    append(packet, wire::Message{.kind = static_cast<std::uint8_t>(wire::MessageKind::data),
                                 .path_length = 0,
                                 .payload_length = static_cast<std::uint16_t>(message.size())});
    append(packet, std::as_bytes(std::span(message)));
  }
  Bytes bytes(packet.payload().begin(), packet.payload().end());
  port.release(packet);
  return bytes;
}

}  // namespace muster::test
